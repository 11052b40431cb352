# A process that has a bit of everything /proc tells of: descriptors of many kinds, sockets, locks, signals, limits,
# SysV objects, threads, a child. Makes READY when all is there, and then sleeps.
#   furnished.py FOLDER READY
import ctypes
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time

folder, ready = sys.argv[1:3]
kept = []
libc = ctypes.CDLL(None, use_errno=True)

os.chdir(folder)
os.umask(0o027)
os.nice(5)
resource.setrlimit(resource.RLIMIT_NOFILE, (512, 1024))
with open("/proc/self/oom_score_adj", "w") as score:
    score.write("123")

# Files: positions, flags, a deleted one, a mapped one, locks.
for name, flags in (("plain", os.O_RDWR), ("append", os.O_WRONLY | os.O_APPEND), ("with blank", os.O_RDONLY)):
    with open(name, "w") as made:
        made.write("0123456789")
    kept.append(os.open(name, flags))
os.lseek(kept[0], 7, os.SEEK_SET)
fcntl.flock(kept[0], fcntl.LOCK_EX)
fcntl.lockf(kept[1], fcntl.LOCK_EX, 3, 2)
gone = os.open("gone", os.O_RDWR | os.O_CREAT)
os.write(gone, b"ghost")
os.unlink("gone")
mapped = os.open("mapped", os.O_RDWR | os.O_CREAT)
os.truncate(mapped, 8192)
kept += [
    mmap.mmap(mapped, 8192, mmap.MAP_SHARED),
    mmap.mmap(-1, 65536, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
    mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_EXEC),
]
os.dup2(kept[0], 99, inheritable=True)

# What is no file.
os.pipe()
memfd = os.memfd_create("cellar")
os.truncate(memfd, 4096)
kept.append(mmap.mmap(memfd, 4096))
event = os.eventfd(42)
poll = select.epoll()
poll.register(event, select.EPOLLIN | select.EPOLLET)
kept.append(poll)
inotify = libc.inotify_init1(0)
libc.inotify_add_watch(inotify, b".", 0x302)
timerfd = libc.timerfd_create(time.CLOCK_MONOTONIC, 0)
signalfd = libc.signalfd(-1, ctypes.byref(ctypes.c_uint64(1 << (signal.SIGCONT - 1))), 0)

# Sockets.
def bound(family, kind, address):
    made = socket.socket(family, kind)
    made.bind(address)
    kept.append(made)
    return made

bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 8081)).listen(5)
bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", 8082)).listen(5)
bound(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 5301))
bound(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 5302))
for family, address, protocol in ((socket.AF_INET, "127.0.0.1", 1), (socket.AF_INET, "0.0.0.0", 89), (socket.AF_INET6, "::1", 58)):
    raw = socket.socket(family, socket.SOCK_RAW, protocol)
    raw.bind((address, 0))
    kept.append(raw)
bound(socket.AF_UNIX, socket.SOCK_STREAM, "listening.sock").listen(3)
bound(socket.AF_UNIX, socket.SOCK_DGRAM, "\0abstract\0name")
bound(socket.AF_NETLINK, socket.SOCK_RAW, (0, 0))
packet = bound(socket.AF_PACKET, socket.SOCK_RAW, ("ice0", 0x0800))
# A ring of 8 frames for what comes in: PACKET_RX_RING of SOL_PACKET.
packet.setsockopt(263, 5, struct.pack("IIII", 4096, 4, 2048, 8))
bound(socket.AF_PACKET, socket.SOCK_DGRAM, ("ice1", 0x86DD))
kept += socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

# Signals: handled, ignored, blocked, pending; a timer.
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGRTMIN + 3})
os.kill(os.getpid(), signal.SIGTERM)
signal.setitimer(signal.ITIMER_REAL, 3000, 3000)

# SysV objects, in the ipc namespace of its own.
shm = libc.shmget(0x1234, 12288, 0o1640)
libc.shmat.restype = ctypes.c_void_p
libc.shmat(shm, None, 0)
queue = libc.msgget(0x99, 0o1644)
libc.msgsnd(queue, ctypes.byref(ctypes.create_string_buffer(struct.pack("l", 7) + b"message")), 7, 0)
libc.semget(0x77, 3, 0o1600)


def sleep(name):
    # PR_SET_NAME
    libc.prctl(15, name.encode(), 0, 0, 0)
    while True:
        time.sleep(3600)


for number in range(3):
    threading.Thread(target=sleep, args=(f"sleeper {number}",), daemon=True).start()
if os.fork() == 0:
    sleep("child)of it")
time.sleep(0.2)
libc.prctl(15, b"furnished (a b)", 0, 0, 0)
open(ready, "w").close()
while True:
    signal.pause()
