import { decodeText } from "../../bytes/index.ts";
import { ipAddress } from "../crit/address.ts";
import type { FieldValue } from "../model.ts";
import type { FieldSchema } from "../schema.ts";

/** The value of a struct's member or an attribute; undefined where its length doesn't fit the field, or there is none. */
export function netlinkValue(
  bytes: Uint8Array,
  field: FieldSchema | undefined,
  inNetworkOrder: boolean,
): FieldValue | undefined {
  if (field?.type === "bytes") return bytes;
  if (field?.type === "string") return field.show === "ip" ? addressOf(bytes) : zeroTerminated(bytes);
  if (field?.kind !== "scalar") return undefined;
  const number = unsigned(bytes, !inNetworkOrder);
  if (number === undefined) return undefined;
  if (field.type === "int32") return bytes.length === 4 ? Number(number) | 0 : undefined;
  if (field.type === "uint64") return number;
  return bytes.length <= 4 ? Number(number) : undefined;
}

function unsigned(bytes: Uint8Array, littleEndian: boolean): bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bytes.length) {
    case 1:
      return BigInt(view.getUint8(0));
    case 2:
      return BigInt(view.getUint16(0, littleEndian));
    case 4:
      return BigInt(view.getUint32(0, littleEndian));
    case 8:
      return view.getBigUint64(0, littleEndian);
    default:
      return undefined;
  }
}

function addressOf(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ipAddress(Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true)));
}

/** undefined for text with something behind its zero byte, which would not be shown. */
function zeroTerminated(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  if (end >= 0 && end < bytes.length - 1) return undefined;
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}
