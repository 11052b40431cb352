/** Forms that bytes are copied in. */
export const COPY_FORMS = {
  hex: { title: "Hex", text: (bytes) => pairs(bytes).join(" ") },
  c: { title: "C Array", text: cArray },
  python: { title: "Python Bytes", text: pythonBytes },
  base64: { title: "Base64", text: (bytes) => buffer(bytes).toString("base64") },
  text: { title: "Text", text: (bytes) => new TextDecoder().decode(bytes) },
} as const satisfies Readonly<Record<string, { title: string; text: (bytes: Uint8Array) => string }>>;

export type CopyForm = keyof typeof COPY_FORMS;

const PER_LINE = 12;
const PYTHON_LINE = 64;

function cArray(bytes: Uint8Array): string {
  const lines = chunks(pairs(bytes), PER_LINE).map(
    (line) => `  ${line.map((pair) => `0x${pair}`).join(", ")}`,
  );
  return `static const unsigned char bytes[${String(bytes.length)}] = {\n${lines.join(",\n")}\n};\n`;
}

/** One literal, or several in parentheses that Python joins. */
function pythonBytes(bytes: Uint8Array): string {
  const literals = chunks(Array.from(bytes, pythonByte), PYTHON_LINE).map((line) => `b"${line.join("")}"`);
  return literals.length > 1 ? `(\n    ${literals.join("\n    ")}\n)` : (literals[0] ?? 'b""');
}

function pythonByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === "\\") return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
}

function pairs(bytes: Uint8Array): readonly string[] {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

function buffer({ buffer: memory, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(memory, byteOffset, byteLength);
}
