import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type BlowfishTable, blowfishTable } from "./blowfishTable.ts";

const COST = 10;
const SALT_BYTES = 16;
const MAX_PASSWORD_BYTES = 72;
const HASH_BYTES = 23;
const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MAGIC = "OrpheanBeholderScryDoubt";
/** Key schedules between two breaths of the event loop. */
const TURN_EVERY = 64;

/** bcrypt (`$2a$10$…`) of a password's first 72 bytes, with a random salt unless one is given. */
export async function bcryptHash(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<string> {
  const state = blowfishTable();
  const key = keyWords(Buffer.concat([Buffer.from(password).subarray(0, MAX_PASSWORD_BYTES), Buffer.of(0)]));
  const saltKey = keyWords(salt);
  expand(state, key, saltKey);
  for (let round = 0; round < 2 ** COST; round += 1) {
    expand(state, key, NO_SALT);
    expand(state, saltKey, NO_SALT);
    if (round % TURN_EVERY === TURN_EVERY - 1) await nextTurn();
  }
  return `$2a$${COST}$${encode64(salt)}${encode64(encryptMagic(state).subarray(0, HASH_BYTES))}`;
}

const NO_SALT = new Uint32Array(18);

/** The bytes as 18 big-endian words, repeated cyclically. */
function keyWords(bytes: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: 18 }, (_, word) =>
    [0, 1, 2, 3].reduce(
      (sum, byte) => ((sum << 8) | (bytes[(word * 4 + byte) % bytes.length] ?? 0)) >>> 0,
      0,
    ),
  );
}

/** Blowfish's key schedule with bcrypt's salt mixed in. */
function expand(state: BlowfishTable, key: Uint32Array, salt: Uint32Array): void {
  for (let index = 0; index < 18; index += 1) state.p[index] = at(state.p, index) ^ at(key, index);
  const block = new Uint32Array(2);
  let saltIndex = 0;
  for (const words of [state.p, state.s]) {
    for (let index = 0; index < words.length; index += 2) {
      block[0] = at(block, 0) ^ at(salt, saltIndex);
      block[1] = at(block, 1) ^ at(salt, saltIndex + 1);
      saltIndex = (saltIndex + 2) % 4;
      encipher(state, block);
      words[index] = at(block, 0);
      words[index + 1] = at(block, 1);
    }
  }
}

function encipher({ p, s }: BlowfishTable, block: Uint32Array): void {
  let left = at(block, 0) ^ at(p, 0);
  let right = at(block, 1);
  for (let round = 1; round <= 16; round += 2) {
    right ^= mix(s, left) ^ at(p, round);
    left ^= mix(s, right) ^ at(p, round + 1);
  }
  block[0] = right ^ at(p, 17);
  block[1] = left;
}

function mix(s: Uint32Array, word: number): number {
  const sum = at(s, word >>> 24) + at(s, 256 + ((word >>> 16) & 255));
  return ((sum ^ at(s, 512 + ((word >>> 8) & 255))) + at(s, 768 + (word & 255))) | 0;
}

function at(words: Uint32Array, index: number): number {
  return words[index] as number;
}

function encryptMagic(state: BlowfishTable): Buffer {
  const out = Buffer.from(MAGIC);
  for (let offset = 0; offset < out.length; offset += 8) {
    const block = Uint32Array.of(out.readUInt32BE(offset), out.readUInt32BE(offset + 4));
    for (let time = 0; time < 64; time += 1) encipher(state, block);
    out.writeUInt32BE(at(block, 0), offset);
    out.writeUInt32BE(at(block, 1), offset + 4);
  }
  return out;
}

/** bcrypt's own base 64: other alphabet, no padding. */
function encode64(bytes: Uint8Array): string {
  const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const text = Buffer.from(bytes).toString("base64").replaceAll("=", "");
  return [...text].map((letter) => ALPHABET[standard.indexOf(letter)]).join("");
}
