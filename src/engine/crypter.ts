import { createCipheriv, createDecipheriv, createHash, pbkdf2, randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { hasErrorCode } from "./durableFile.ts";
import { EngineError } from "./errors.ts";

/** Rounds, key length and cipher of Pulumi's passphrase secrets provider. */
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";
/** What a salt's own ciphertext must decrypt to. */
const CHECK_WORD = "pulumi";

const deriveKey = promisify(pbkdf2);

/** Encrypts and decrypts with the key of one salt and passphrase. */
export class Crypter {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** `v1:<nonce>:<ciphertext and tag>`, base64. */
  encrypt(plaintext: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
  }

  /** Throws when the text was encrypted with another key. */
  decrypt(ciphertext: string): string {
    const [version, nonce, body] = ciphertext.split(":");
    if (version !== "v1" || nonce === undefined || body === undefined) {
      throw new EngineError("a secret in the state or config is not of the form 'v1:<nonce>:<ciphertext>'");
    }
    const bytes = Buffer.from(body, "base64");
    const decipher = createDecipheriv(CIPHER, this.#key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const text = Buffer.concat([
      decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)),
      decipher.final(),
    ]);
    return text.toString("utf8");
  }
}

/**
 * Derives keys off the event loop, once per salt and passphrase. With a folder, which must be its user's alone, they
 * stay there for other processes: that is for passphrases which are no secret, since a key opens what they open.
 */
export class CrypterCache {
  readonly #crypters = new Map<string, Promise<Crypter>>();
  readonly #folder: string | undefined;

  constructor(folder?: string) {
    this.#folder = folder;
  }

  /** The crypter of a salt `v1:<salt>:v1:<nonce>:<ciphertext>`; rejects on a wrong passphrase. */
  get(salt: string, passphrase: string): Promise<Crypter> {
    const key = `${salt}\0${passphrase}`;
    const known = this.#crypters.get(key) ?? openCrypter(salt, passphrase, this.#folder);
    this.#crypters.set(key, known);
    return known;
  }
}

async function openCrypter(salt: string, passphrase: string, folder: string | undefined): Promise<Crypter> {
  const [version, saltText, ...check] = salt.split(":");
  if (version !== "v1" || saltText === undefined || check.length !== 3) {
    throw new EngineError("the encryption salt is not of the form 'v1:<salt>:v1:<nonce>:<ciphertext>'");
  }
  const name = createHash("sha256").update(`${salt}\0${passphrase}`).digest("hex");
  const path = folder === undefined ? undefined : join(folder, `derived-${name}`);
  const kept = await readKey(path);
  if (kept !== undefined && opens(new Crypter(kept), check.join(":"))) return new Crypter(kept);
  const key = await derive(Buffer.from(saltText, "base64"), passphrase);
  if (!opens(new Crypter(key), check.join(":"))) throw new EngineError("incorrect passphrase");
  await keepKey(path, key);
  return new Crypter(key);
}

function derive(salt: Buffer, passphrase: string): Promise<Buffer> {
  return deriveKey(passphrase, salt, ROUNDS, KEY_BYTES, "sha256");
}

async function readKey(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const bytes = await readFile(path);
    return bytes.length === KEY_BYTES ? bytes : undefined;
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return undefined;
    throw error;
  }
}

/** What a full or read-only disk doesn't take, and what another process keeps at this moment, is derived again. */
async function keepKey(path: string | undefined, key: Buffer): Promise<void> {
  if (path === undefined) return;
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, key, { mode: 0o600, flag: "wx" });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    if (!hasErrorCode(error, ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EEXIST", "ENOENT"])) throw error;
  }
}

/** AES-GCM throws on a wrong key, which is what a wrong passphrase is. */
function opens(crypter: Crypter, check: string): boolean {
  try {
    return crypter.decrypt(check) === CHECK_WORD;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    return false;
  }
}

/** A new salt whose check word this passphrase opens. */
export async function newSalt(passphrase: string): Promise<string> {
  const salt = randomBytes(8);
  const crypter = new Crypter(await derive(salt, passphrase));
  return `v1:${salt.toString("base64")}:${crypter.encrypt(CHECK_WORD)}`;
}
