/** A failure of CRIU that is known: how its log line reads, what it means, what to do. */
export interface CriuCause {
  readonly code: string;
  readonly pattern: RegExp;
  /** A clause with its full stop. */
  readonly sentence: string;
  readonly next: string;
}

/** Known causes, the more particular first. The source file of CRIU that prints the line stands beside each. */
export const CRIU_CAUSES: readonly CriuCause[] = [
  {
    code: "tcpEstablished", // criu/sk-inet.c
    pattern: /Connected TCP socket/,
    sentence: "it has open TCP connections.",
    next: "Close them, or freeze with TCP connections kept (Podman: tcpEstablished; Docker: a line tcp-established in /etc/criu/runc.conf).",
  },
  {
    code: "linkRemap", // criu/files-reg.c
    pattern: /Can't create link remap/,
    sentence: "it holds a file open whose name was deleted while another hard link to it lives on.",
    next: "Add a line link-remap to /etc/criu/runc.conf, or close the file first.",
  },
  {
    code: "fileLocks", // criu/file-lock.c
    pattern: /Some file locks are hold/,
    sentence: "it holds file locks.",
    next: "Freeze with file locks kept (Podman: fileLocks; Docker: a line file-locks in /etc/criu/runc.conf).",
  },
  {
    code: "ghostLimit", // criu/files-reg.c
    pattern: /Can't dump ghost file .* increase limit/,
    sentence: "it holds a deleted file open that is larger than CRIU copies.",
    next: "Add a line ghost-limit 1G to /etc/criu/runc.conf, or close the file first.",
  },
  {
    code: "ioUring", // criu/proc_parse.c, criu/files-ext.c
    pattern: /anon_inode:\[?io_uring/,
    sentence: "it uses io_uring, which CRIU can't save.",
    next: "Run it without io_uring; containers with the default seccomp profile can't open one.",
  },
  {
    code: "bpf", // criu/files-ext.c
    pattern: /anon_inode:\[?bpf-/,
    sentence: "it holds a BPF object open, which CRIU can't save.",
    next: "Close it before freezing.",
  },
  {
    code: "anonInode", // criu/files-ext.c, criu/proc_parse.c
    pattern: /Can't dump file \d+ of that type .*anon_inode|\(anon_inode:/,
    sentence: "it holds a kernel object open that CRIU can't save.",
    next: "Close it before freezing; the line names the kind.",
  },
  {
    code: "sendFds", // criu/pie/parasite.c: the kernel refuses to pass an io_uring descriptor
    pattern: /send_fds failed \(-22\)/,
    sentence: "one of its open files can't be handed over, usually an io_uring.",
    next: "Run it without io_uring.",
  },
  {
    code: "tty", // criu/tty.c
    pattern: /slave peer index|slave external peer|dangling tty|ctty inheritance|tty to inherit session/,
    sentence: "it uses a terminal that belongs to someone outside.",
    next: "Start the container without a terminal (no -t).",
  },
  {
    code: "traced", // compel/src/lib/infect.c
    pattern: /Unseizable non-zombie/,
    sentence: "a debugger or tracer is attached to one of its processes.",
    next: "Detach it, freeze, and attach again.",
  },
  {
    code: "unknownMount", // criu/files-reg.c
    pattern: /Can't lookup mount=\d+ for fd=\d+/,
    sentence:
      "it holds a file open on a file system that is not mounted in the container; a POSIX message queue looks like that.",
    next: "Close the file or queue (the line names it), or mount its file system.",
  },
  {
    code: "mountRoot", // criu/mount.c
    pattern: /doesn't have a proper root mount/,
    sentence: "one of its mounts is part of a file system that is not mounted there itself.",
    next: "Leave that mount out (the line names it).",
  },
  {
    code: "sharedFs", // criu/cr-dump.c
    pattern: /Can't make FS id/,
    sentence: "two of its processes share root and working directory (CLONE_FS), which CRIU can't save.",
    next: "No way around is known; freeze it when only one of them runs.",
  },
  {
    code: "packetPipe", // criu/pipes.c
    pattern: /packetized mode for pipes/,
    sentence: "it has a pipe in packet mode with data in it.",
    next: "Freeze it when the pipe is empty.",
  },
  {
    code: "controlMessages", // criu/sk-queue.c
    pattern: /Control messages in queue/,
    sentence: "a Unix socket holds undelivered credentials or descriptors.",
    next: "Freeze it when its sockets' queues are empty.",
  },
  {
    code: "tunNamespace", // criu/tun.c
    pattern: /Net namespace is required to dump tun link/,
    sentence: "it uses a TUN device of the machine's own network.",
    next: "Run it in a network namespace of its own.",
  },
  {
    code: "socketOption", // criu/sockets.c
    pattern: /Can't get 1:16 opt/,
    sentence: "CRIU before 4.2 can't read socket options on kernels from 6.16 on.",
    next: "Install CRIU 4.2 or later on the engine's machine.",
  },
  {
    code: "externalUnix", // criu/sk-unix.c
    pattern: /External socket is used/,
    sentence: "it has a Unix socket connected to a process outside.",
    next: "Close it, or add a line ext-unix-sk to /etc/criu/runc.conf.",
  },
  {
    code: "nestedNamespace", // criu/namespaces.c
    pattern: /Can't dump nested \w+ namespace/,
    sentence: "one of its processes is in a namespace of its own inside the container.",
    next: "Stop that process before freezing.",
  },
  {
    code: "rlimit", // criu/cr-dump.c
    pattern: /Can't get rlimit/,
    sentence: "CRIU may not read the limits of processes of another user.",
    next: "Give the engine CAP_SYS_RESOURCE, or run the container as root.",
  },
  {
    code: "fileChanged", // criu/files-reg.c
    pattern: /has bad (size|mode)/,
    sentence: "a file that it had open has changed since.",
    next: "Put the file back as it was (the line names it).",
  },
  {
    code: "pidTaken", // criu/cr-restore.c
    pattern: /Pid \d+ do not match expected/,
    sentence: "a process id that it needs is taken.",
    next: "Restore it in a PID namespace of its own, or end the process that has the id.",
  },
  {
    code: "addressInUse", // criu/sk-inet.c
    pattern: /Can't bind inet socket/,
    sentence: "a port that it listened on is in use by now.",
    next: "Stop what listens there (perhaps the container that was left running).",
  },
  {
    code: "tcpReconnect", // soccr/soccr.c
    pattern: /Can't connect inet socket back/,
    sentence: "its TCP connections can't be put together again in the network it is restored to.",
    next: "Restore it with the network it had and with the loopback up; or freeze it with its connections closed.",
  },
  {
    code: "noSpace", // any write
    pattern: /No space left on device/,
    sentence: "the disk is full.",
    next: "Free some space on the engine's machine.",
  },
];
