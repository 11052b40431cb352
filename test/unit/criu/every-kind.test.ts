// Every kind of image there is, in CRIU's own words: name and magic as in criu/include/magic.h, file name as in
// criu/image-desc.c, message as in lib/pycriu/images/images.py and criu/protobuf-desc.c, of CRIU 4.2; cipher.img of the pull
// request that seals. What the entries hold is compared beside crit (crit.test.ts); here is that none is forgotten.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import protobuf from "protobufjs";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  critJson,
  editImage,
  encodeImage,
  IMAGE_TYPES,
  imageTypeByMagic,
  imageTypeByName,
  openImage,
} from "../../../src/criu/index.ts";
import type { Image } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { allProblems, tiledSpans } from "./corpus.ts";

/** Name, file, magic in hex, message; `-` for none. */
const KINDS = `
INVENTORY inventory.img 58313116 inventory_entry
PSTREE pstree.img 50273030 pstree_entry
FILES files.img 56303138 file_entry
CGROUP cgroup.img 59383330 cgroup_entry
SECCOMP seccomp.img 64413049 seccomp_entry
APPARMOR apparmor.img 59423047 apparmor_entry
CPUINFO cpuinfo.img 61404013 cpuinfo_entry
REMAP_FPATH remap-fpath.img 59133954 remap_file_path_entry
FILE_LOCKS filelocks.img 54323616 file_lock_entry
TTY_INFO tty-info.img 59453036 tty_info_entry
TTY_DATA tty-data.img 59413026 tty_data_entry
MEMFD_INODE memfd.img 48453499 memfd_inode_entry
BINFMT_MISC binfmt-misc.img 67343323 binfmt_misc_entry
SK_QUEUES sk-queues.img 56264026 sk_packet_entry
PIPES_DATA pipes-data.img 56453709 pipe_data_entry
FIFO_DATA fifo-data.img 59333054 pipe_data_entry
BPFMAP_FILE bpfmap-file.img 57506142 bpfmap_file_entry
BPFMAP_DATA bpfmap-data.img 64324033 bpfmap_data_entry
CORE core-%u.img 55053847 core_entry
IDS ids-%u.img 54432030 task_kobj_ids_entry
MM mm-%u.img 57492820 mm_entry
FS fs-%u.img 51403912 fs_entry
FDINFO fdinfo-%u.img 56213732 fdinfo_entry
PAGEMAP pagemap-%lu.img 56084025 pagemap_entry
SHMEM_PAGEMAP pagemap-shmem-%lu.img 56084025 pagemap_entry
PAGES pages-%u.img - -
GHOST_FILE ghost-file-%x.img 52583605 ghost_file_entry
TCP_STREAM tcp-stream-%x.img 51465506 tcp_stream_entry
UTSNS utsns-%u.img 54473203 utsns_entry
USERNS userns-%u.img 55474906 userns_entry
TIMENS timens-%u.img 43114433 timens_entry
PIDNS pidns-%u.img 61157326 pidns_entry
MNTS mountpoints-%u.img 55563928 mnt_entry
NETNS netns-%u.img 55933752 netns_entry
NETDEV netdev-%u.img 57373951 net_device_entry
IPC_VAR ipcns-var-%u.img 53115007 ipc_var_entry
IPCNS_SHM ipcns-shm-%u.img 46283044 ipc_shm_entry
IPCNS_MSG ipcns-msg-%u.img 55453737 ipc_msg_entry
IPCNS_SEM ipcns-sem-%u.img 59573019 ipc_sem_entry
AUTOFS autofs-%u.img 49353943 autofs_entry
IFADDR ifaddr-%u.img - -
ROUTE route-%u.img - -
ROUTE6 route6-%u.img - -
RULE rule-%u.img - -
IPTABLES iptables-%u.img - -
IP6TABLES ip6tables-%u.img - -
NFTABLES nftables-%u.img - -
NETNF_CT netns-ct-%u.img - -
NETNF_EXP netns-exp-%u.img - -
TMPFS_IMG tmpfs-%u.tar.gz.img - -
TMPFS_DEV tmpfs-dev-%u.tar.gz.img - -
VMAS vmas-%u.img 54123737 vma_entry
SIGACT sigacts-%u.img 55344201 sa_entry
CREDS creds-%u.img 54023547 creds_entry
RLIMIT rlimit-%u.img 57113925 rlimit_entry
ITIMERS itimers-%u.img 57464056 itimer_entry
POSIX_TIMERS posix-timers-%u.img 52603957 posix_timer_entry
SIGNAL signal-s-%u.img 59255647 siginfo_entry
PSIGNAL signal-p-%u.img 59255647 siginfo_entry
REG_FILES reg-files.img 50363636 reg_file_entry
EXT_FILES ext-files.img 59255641 ext_file_entry
NS_FILES ns-files.img 61394011 ns_file_entry
EVENTFD_FILE eventfd.img 44523722 eventfd_file_entry
EVENTPOLL_FILE eventpoll.img 45023858 eventpoll_file_entry
EVENTPOLL_TFD eventpoll-tfd.img 44433746 eventpoll_tfd_entry
SIGNALFD signalfd.img 57323820 signalfd_entry
TIMERFD timerfd.img 50493712 timerfd_entry
INOTIFY_FILE inotify.img 48424431 inotify_file_entry
INOTIFY_WD inotify-wd.img 54562009 inotify_wd_entry
FANOTIFY_FILE fanotify.img 55096122 fanotify_file_entry
FANOTIFY_MARK fanotify-mark.img 56506035 fanotify_mark_entry
PIPES pipes.img 56513555 pipe_entry
FIFO fifo.img 58364939 fifo_entry
UNIXSK unixsk.img 54373943 unix_sk_entry
INETSK inetsk.img 56443851 inet_sk_entry
PACKETSK packetsk.img 60454618 packet_sock_entry
NETLINK_SK netlinksk.img 58005614 netlink_sk_entry
TTY_FILES tty.img 59433025 tty_file_entry
TUNFILE tunfile.img 57143751 tunfile_entry
PIDFD pidfd.img 54435556 pidfd_entry
BINFMT_MISC_OLD binfmt-misc-%u.img 67343323 binfmt_misc_entry
PAGES_OLD pages-%d.img 56084025 -
SHM_PAGES_OLD pages-shmem-%ld.img 56084025 -
STATS stats-dump 57093306 stats_entry
IRMAP_CACHE irmap-cache 57004059 irmap_cache_entry
CIPHER cipher.img 50034653 cipher_entry
`
  .trim()
  .split("\n")
  .map((line) => line.split(" "))
  .map(([name = "", pattern = "", magic = "", message = ""]) => ({
    name,
    pattern,
    // As printf would write the name of the image with the id 26.
    file: pattern.replace(/%l?[ud]/, "26").replace("%x", "1a"),
    magic: magic === "-" ? 0 : Number.parseInt(magic, 16),
    message: message === "-" ? undefined : message,
  }));

/** Kinds that crit has no handler for, with the fields of CRIU's own messages. */
const WITHOUT_HANDLER: Readonly<Record<string, readonly [proto: string, value: object]>> = {
  binfmt_misc_entry: [
    "message E { required string name = 1; required bool enabled = 2; required string interpreter = 3; optional string flags = 4; optional string extension = 5; optional string magic = 6; optional string mask = 7; optional int32 offset = 8; }",
    {
      name: "wasm",
      enabled: true,
      interpreter: "/bin/run",
      flags: "POCF",
      magic: "0061736d",
      mask: "ffffffff",
      offset: 0,
    },
  ],
  siginfo_entry: [
    "message E { required bytes siginfo = 1; }",
    { siginfo: Buffer.alloc(128, 1).toString("base64") },
  ],
  pidfd_entry: [
    "message E { required uint32 id = 1; required uint32 ino = 2; required uint32 flags = 3; required int32 nspid = 4; required Fown fown = 5; } message Fown { required uint32 uid = 1; required uint32 euid = 2; required uint32 signum = 3; required uint32 pid_type = 4; required uint32 pid = 5; }",
    { id: 1, ino: 2, flags: 3, nspid: -1, fown: { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 } },
  ],
  cipher_entry: ["message E { required bytes token = 1; }", { token: "AQID" }],
};

const opened = (file: string, bytes: Uint8Array): Promise<Image> => openImage(file, bufferSource(bytes));

async function jsonOf(image: Image): Promise<string> {
  let text = "";
  for await (const piece of critJson(image)) text += piece;
  return text;
}

/** Images that CRIU's own library wrote, by their magic. */
async function imagesByMagic(): Promise<ReadonlyMap<number, Uint8Array>> {
  const folder = join(await fixture("crit/every-message"), "img");
  const images = new Map<number, Uint8Array>();
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    images.set(bytes.readUInt32LE(name === "inventory.img" ? 0 : 4), bytes);
  }
  return images;
}

function imageOf(magic: number, message: string): Uint8Array {
  const [proto = "", value = {}] = WITHOUT_HANDLER[message] ?? [];
  const type = protobuf.parse(`syntax = "proto2"; ${proto}`, { keepCase: true }).root.lookupType("E");
  const entry = type.encode(type.fromObject(value)).finish();
  const head = Buffer.alloc(12);
  [0x54564319, magic, entry.length].forEach((word, at) => head.writeUInt32LE(word, at * 4));
  return Buffer.concat([head, entry]);
}

describe("every kind of image that CRIU has", () => {
  it("has a row, with CRIU's name, file name, magic and message", () => {
    for (const { name, pattern, magic, message } of KINDS) {
      const row = IMAGE_TYPES.find((type) => type.name === name && type.pattern === pattern);
      assert.ok(row, `${name} ${pattern}`);
      assert.equal(row.magic, magic, name);
      assert.equal(row.message, message, name);
    }
    const names = new Set(KINDS.map(({ name }) => name));
    const others = IMAGE_TYPES.filter(({ name }) => !names.has(name)).map(({ name }) => name);
    // Plugins' and CRaC's, which have no magic and are not in CRIU's table.
    assert.ok(
      others.every((name) => /^AMDGPU_|^PAGES_LZ4$/.test(name)),
      others.join(),
    );
  });

  it("is known by the name of its file, or by its magic under another", () => {
    for (const { name, file, magic } of KINDS) {
      if (magic === 0) assert.equal(imageTypeByName(file)?.name, name);
      else assert.equal(imageTypeByMagic(file, magic)?.name, name);
      const first = KINDS.find((kind) => kind.magic === magic)?.name;
      if (magic !== 0) assert.equal(imageTypeByMagic("renamed.bin", magic)?.name, first);
    }
  });

  it("opens under its name, is decoded without a problem, and can be encoded and edited if it has entries", async () => {
    const images = await imagesByMagic();
    let withEntries = 0;
    for (const { name, file, magic, message } of KINDS) {
      if (message === undefined) continue;
      const bytes = images.get(magic) ?? imageOf(magic, message);
      const image = await opened(file, bytes);
      assert.equal(image.type?.name, name);
      await tiledSpans(image);
      assert.deepEqual(await allProblems(image), [], name);
      assert.ok(image.entryCount > 0, name);
      const json = await jsonOf(image);
      // crit's word for kinds that share a magic is the first one's.
      const first = KINDS.find((kind) => kind.magic === magic)?.name;
      assert.ok(json.startsWith(`{"magic": "${first}", "entries": [{`), `${name}: ${json.slice(0, 60)}`);
      if (!/IPCNS_/.test(name))
        assert.deepEqual(Buffer.concat([...encodeImage(json)]), Buffer.from(bytes), name);
      assert.deepEqual((await editImage(image, [])).problems, [], name);
      withEntries++;
    }
    assert.equal(withEntries, 72);
  });

  it("has one body and no entries if it is raw, also the pages of CRIU 0.4", async () => {
    for (const { name, file, magic, message } of KINDS) {
      if (message !== undefined) continue;
      const head = Buffer.alloc(magic === 0 ? 0 : 4);
      if (magic !== 0) head.writeUInt32LE(magic);
      const image = await opened(file, Buffer.concat([head, Buffer.alloc(4096, "text\n")]));
      assert.equal(image.type?.name, name);
      await tiledSpans(image);
      assert.ok(image.rest.length > 0 || image.entryCount > 0, name);
    }
  });

  it("of the amdgpu plugin is known by its name: a 64-bit length, then a message or data", async () => {
    const long = Buffer.alloc(8);
    long.writeBigUInt64LE(2n);
    const bytes = Buffer.concat([long, Buffer.from([0x08, 0x05])]);
    // plugins/amdgpu/criu-amdgpu.proto: field 1 of each.
    for (const [file, kind, field] of [
      ["amdgpu-kfd-1.img", "AMDGPU_KFD", "pid"],
      ["amdgpu-renderD-128.img", "AMDGPU_RENDER", "gpu_id"],
      ["amdgpu-dmabuf_3.img", "AMDGPU_DMABUF", "gem_handle"],
      ["amdgpu-pages-1-00ab.img", "AMDGPU_PAGES", undefined],
      ["amdgpu-drm-pages-1-128-00ab.img", "AMDGPU_DRM_PAGES", undefined],
    ] as const) {
      const image = await opened(file, bytes);
      await tiledSpans(image);
      assert.equal(image.type?.name, kind);
      if (field === undefined) assert.deepEqual(image.rest[0]?.span, { start: 8, end: 10 });
      else {
        const [first] = (await image.entry(0)).message.fields;
        assert.deepEqual([first?.name, first?.value], [field, 5]);
      }
    }
  });
});
