# For gdb: prints the frames of every thread as one line of JSON, innermost first.
import json

import gdb

threads = []
for thread in gdb.selected_inferior().threads():
    thread.switch()
    frame, frames = gdb.newest_frame(), []
    while frame is not None:
        frames.append(
            {
                "pc": hex(frame.pc()),
                "name": frame.name(),
                "line": frame.find_sal().line,
                "inlined": frame.type() == gdb.INLINE_FRAME,
            }
        )
        frame = frame.older()
    threads.append({"tid": thread.ptid[1], "frames": frames})
print("FRAMES " + json.dumps(threads))
