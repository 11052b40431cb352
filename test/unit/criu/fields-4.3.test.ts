// Fields that CRIU 4.3 adds to messages of images. What they hold is what protobufjs makes of them by the numbers and types of
// CRIU 4.3's own `images/*.proto`.
import assert from "node:assert/strict";
import protobuf from "protobufjs";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  critJson,
  editImage,
  encodeImage,
  fieldForm,
  openImage,
  showField,
  showMessage,
} from "../../../src/criu/index.ts";
import type { FieldNode, Image, MessageNode } from "../../../src/criu/index.ts";
import { allProblems, tiledSpans } from "./corpus.ts";

const ATTR =
  "message Attr { optional sint32 exit_code = 1; optional uint64 ino = 2; optional uint32 dump_pid = 3; }";
const TYPES = {
  packet: `message E { required uint32 id_for = 1; required uint32 length = 2; optional Ucred ucred = 128; optional Attr dead_pid = 129; } message Ucred { required uint32 uid = 1; required uint32 gid = 2; required uint32 pid = 3; } ${ATTR}`,
  pidfd: `message E { required uint32 id = 1; required uint64 ino = 2; required uint32 flags = 3; required int32 nspid = 4; required Fown fown = 5; optional Attr attr = 6; } message Fown { required uint32 uid = 1; required uint32 euid = 2; required uint32 signum = 3; required uint32 pid_type = 4; required uint32 pid = 5; } ${ATTR}`,
  core: "message E { required uint32 mtype = 1; optional Info ti_aarch64 = 8; } message Info { required uint64 clear_tid_addr = 1; required uint64 tls = 2; required Regs gpregs = 3; required Simd fpsimd = 4; optional Gcs gcs = 6; } message Regs { repeated uint64 regs = 1; required uint64 sp = 2; required uint64 pc = 3; required uint64 pstate = 4; } message Simd { repeated uint64 vregs = 1; required uint32 fpsr = 2; required uint32 fpcr = 3; } message Gcs { required uint64 gcspr_el0 = 1; required uint64 features_enabled = 2; }",
} as const;

/** An image of one entry, as protobufjs writes it; `extra` follows the entry. */
function imageBytes(type: keyof typeof TYPES, magic: number, value: object, extra = ""): Buffer {
  const message = protobuf
    .parse(`syntax = "proto2"; ${TYPES[type]}`, { keepCase: true })
    .root.lookupType("E");
  const entry = message.encode(message.fromObject(value)).finish();
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0x54564319, 0);
  head.writeUInt32LE(magic, 4);
  head.writeUInt32LE(entry.length, 8);
  return Buffer.concat([head, entry, Buffer.from(extra)]);
}

async function opened(name: string, bytes: Uint8Array): Promise<Image> {
  const image = await openImage(name, bufferSource(bytes));
  await tiledSpans(image);
  assert.deepEqual(await allProblems(image), []);
  return image;
}

async function jsonOf(image: Image, pretty = false): Promise<string> {
  let text = "";
  for await (const piece of critJson(image, { pretty })) text += piece;
  return text;
}

/** The only row of an image's JSON; and the JSON gives the image's bytes again. */
async function rowOf(image: Image, bytes: Uint8Array): Promise<unknown> {
  for (const pretty of [false, true])
    assert.ok(Buffer.concat([...encodeImage(await jsonOf(image, pretty))]).equals(bytes));
  return (JSON.parse(await jsonOf(image)) as { entries: readonly unknown[] }).entries[0];
}

/** The field at the end of the names, and the message it is in. */
async function fieldOf(image: Image, ...names: readonly string[]): Promise<[FieldNode, MessageNode]> {
  let { message } = await image.entry(0);
  for (const [at, name] of names.entries()) {
    const field = message.fields.find((each) => each.name === name);
    assert.ok(field, name);
    if (at === names.length - 1) return [field, message];
    assert.ok(typeof field.value === "object" && "kind" in field.value);
    message = field.value;
  }
  throw new Error("no name");
}

describe("fields of CRIU 4.3", () => {
  it("tell of a queued packet who sent it, also when that process was gone", async () => {
    const ucred = { uid: 1000, gid: 100, pid: 0 };
    // 139: SIGSEGV with a core (wait(2)); zigzag makes 278 of it.
    const dead_pid = { exit_code: 139, ino: 7, dump_pid: 4711 };
    const bytes = imageBytes("packet", 0x56264026, { id_for: 3, length: 5, ucred, dead_pid }, "hello");
    const image = await opened("sk-queues.img", bytes);
    assert.deepEqual(await rowOf(image, bytes), {
      id_for: 3,
      length: 5,
      ucred,
      dead_pid,
      extra: "aGVsbG8=\n",
    });
    const [field, parent] = await fieldOf(image, "dead_pid", "exit_code");
    assert.equal(showField(field, 100, parent), "139 killed by SIGSEGV, core dumped");
    assert.equal(field.valueSpan.end - field.valueSpan.start, 2);
  });

  it("tell how the process of a pidfd ended, and its inode number in 64 bits", async () => {
    const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };
    const value = { id: 9, flags: 2, nspid: -1, fown, attr: { exit_code: 256 } };
    // A generation in the upper half, as 32-bit kernels tell it; more than a double can hold.
    const ino = 0x8000_0001_0000_0003n;
    const bytes = imageBytes("pidfd", 0x54435556, { ...value, ino: String(ino) });
    const image = await opened("pidfd.img", bytes);
    const json = await jsonOf(image);
    assert.ok(json.includes(`"ino": ${String(ino)},`), json);
    await rowOf(image, bytes);
    const [end, attr] = await fieldOf(image, "attr", "exit_code");
    assert.equal(showField(end, 100, attr), "256 exited with 1");
    const edited = await editImage(image, [{ kind: "set", path: "entries[0].ino", value: ino + 1n }]);
    const [changed, message] = await fieldOf(edited.image, "ino");
    assert.equal(changed.value, ino + 1n);
    assert.equal(showField(changed, 100, message), String(ino + 1n));
  });

  it("tell the guarded control stack of an aarch64 thread, its features by name", async () => {
    const gpregs = { regs: [1, 2], sp: 4096, pc: 8192, pstate: 0 };
    const gcs = { gcspr_el0: 0xffff_8000, features_enabled: 5 };
    const ti_aarch64 = { clear_tid_addr: 0, tls: 0, gpregs, fpsimd: { fpsr: 0, fpcr: 0 }, gcs };
    const bytes = imageBytes("core", 0x55053847, { mtype: 3, ti_aarch64 });
    const image = await opened("core-1.img", bytes);
    const row = (await rowOf(image, bytes)) as { readonly ti_aarch64: { readonly gcs: unknown } };
    assert.deepEqual(row.ti_aarch64.gcs, gcs);
    const [features, parent] = await fieldOf(image, "ti_aarch64", "gcs", "features_enabled");
    // linux/prctl.h: PR_SHADOW_STACK_ENABLE 1, _WRITE 2, _PUSH 4
    assert.equal(showField(features, 100, parent), "PR_SHADOW_STACK_ENABLE | PR_SHADOW_STACK_PUSH");
    assert.equal(
      showMessage(parent),
      "gcspr_el0: 0xffff8000, features_enabled: PR_SHADOW_STACK_ENABLE | PR_SHADOW_STACK_PUSH",
    );
    assert.ok(features.schema && fieldForm(features.schema).kind === "flags");
  });
});
