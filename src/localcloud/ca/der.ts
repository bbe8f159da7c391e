/** Writes ASN.1 values in DER (X.690): as much of it as a certificate needs. */

const TAG = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  utf8: 12,
  utcTime: 23,
  generalizedTime: 24,
} as const;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

export function sequence(...members: readonly Buffer[]): Buffer {
  return encode(SEQUENCE, Buffer.concat(members));
}

export function set(...members: readonly Buffer[]): Buffer {
  return encode(SET, Buffer.concat(members));
}

/** `[number]` around whole values. */
export function explicit(number: number, ...members: readonly Buffer[]): Buffer {
  return encode(CONTEXT | CONSTRUCTED | number, Buffer.concat(members));
}

/** `[number]` in place of a primitive value's own tag. */
export function implicit(number: number, content: Buffer): Buffer {
  return encode(CONTEXT | number, content);
}

export function boolean(value: boolean): Buffer {
  return encode(TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

/** A whole number of 0 or more, most significant byte first. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const isNegative = ((short[0] ?? 0) & 0x80) !== 0;
  return encode(TAG.integer, isNegative ? Buffer.concat([Buffer.from([0]), short]) : short);
}

export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return encode(TAG.bitString, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Buffer): Buffer {
  return encode(TAG.octetString, bytes);
}

export function utf8(text: string): Buffer {
  return encode(TAG.utf8, Buffer.from(text));
}

/** `2.5.29.17`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encode(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Years to 2049 have two digits (RFC 5280). */
export function time(at: Date): Buffer {
  const digits = `${at.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return at.getUTCFullYear() < 2050
    ? encode(TAG.utcTime, Buffer.from(digits.slice(2)))
    : encode(TAG.generalizedTime, Buffer.from(digits));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

function encode(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Buffer.from([0x80 | digits.length, ...digits]);
}
