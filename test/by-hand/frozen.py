# Counts, and says what its deleted files, its pipe and its socket hold: restored, it has to say the same. Its argument is the file to write to.
import hashlib, os, socket, sys, time

out = open(sys.argv[1], "w", buffering=1)


def deleted(name, write):
    file = open(name, "w+b", buffering=0)
    os.unlink(name)
    write(file)
    return file


def sparse(file):
    file.write(b"MARKER-GHOST-BEFORE" * 300)
    file.seek(10 << 20)
    file.write(b"MARKER-GHOST-BEHIND" * 300)
    file.truncate((10 << 20) + 9000)


ghosts = [
    deleted(sys.argv[1] + ".whole", lambda file: file.write(b"MARKER-GHOST-WHOLE" * 500)),
    deleted(sys.argv[1] + ".sparse", sparse),
]
reading, writing = os.pipe()
os.write(writing, b"MARKER-PIPE" * 100)
near, far = socket.socketpair()
near.send(b"MARKER-SOCKET" * 100)
memory = b"MARKER-MEMORY" * 5000


def digest():
    state = hashlib.sha256(memory)
    for file in ghosts:
        file.seek(0)
        state.update(file.read())
    return state.hexdigest()


go = sys.argv[1] + ".go"
count = 0
while not os.path.exists(go):
    count += 1
    out.write(f"{count} {digest()}\n")
    time.sleep(0.1)
queued = hashlib.sha256(os.read(reading, 65536) + far.recv(65536)).hexdigest()
out.write(f"end {queued}\n")
