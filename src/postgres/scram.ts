import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** PostgreSQL's own default, `scram_iterations`. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

const derive = promisify(pbkdf2);

/** Characters that SASLprep (RFC 4013) maps away or to a space, beyond what NFKC does. */
const MAPPED = /(?! )\p{Zs}|\p{Default_Ignorable_Code_Point}/u;

/**
 * SCRAM-SHA-256 verifier as `CREATE ROLE … PASSWORD` takes it, so that no clear password ever is in SQL text
 * (a failing statement lands in the server's log: F44). Throws RangeError for a password that SASLprep would
 * change: libpq would then log in with other bytes than `pg`.
 */
export async function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
): Promise<string> {
  if (
    password === "" ||
    password.includes("\0") ||
    MAPPED.test(password) ||
    password.normalize("NFKC") !== password
  )
    throw new RangeError(
      "password is empty or holds characters that clients don't agree on; use printable ASCII",
    );
  const salted = await derive(password, salt, ITERATIONS, KEY_BYTES, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const serverKey = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
