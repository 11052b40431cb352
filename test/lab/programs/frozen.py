"""Threads in calls of several kinds, to be frozen: frozen.py FILE. At SIGUSR1 the interpreter writes to FILE what each is in."""
import faulthandler
import signal
import sys
import threading
import time

faulthandler.register(signal.SIGUSR1, file=open(sys.argv[1], "w"), all_threads=True)
ready = threading.Semaphore(0)


def wait():
    ready.release()
    time.sleep(
        3600
    )


class Widget:
    def poke(self):
        return [wait() for _ in range(1)]


def generator(n):
    for i in range(n):
        if i == 2:
            wait()
        yield i


def deep(n):
    return deep(n - 1) if n else sum(generator(5))


def sorting():
    return sorted([3, 1, 2], key=lambda x: wait() if x == 2 else x)


works = [Widget().poke, lambda: deep(20), sorting]
for work in works:
    threading.Thread(target=work, daemon=True).start()
for _ in works:
    ready.acquire()
time.sleep(0.3)
print("ready", flush=True)
time.sleep(3600)
