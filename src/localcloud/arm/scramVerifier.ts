import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** What PostgreSQL keeps of a password (`SCRAM-SHA-256$…`), so that the clear one never stands in SQL or on disk. */
export async function scramVerifier(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<string> {
  const salted = await promisify(pbkdf2)(password.normalize("NFKC"), salt, ITERATIONS, KEY_BYTES, "sha256");
  const hmac = (key: string) => createHmac("sha256", salted).update(key).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString("base64")}$${storedKey}:${serverKey}`;
}

/** True when a verifier was made from this password; false for any other and for what is no SCRAM verifier. */
export async function isVerifierOf(verifier: string, password: string): Promise<boolean> {
  const salt = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(verifier)?.[1];
  return salt !== undefined && (await scramVerifier(password, Buffer.from(salt, "base64"))) === verifier;
}
