/** What a proxy must know of PostgreSQL's protocol 3.0 (manual, "Message Formats"). */

const LENGTH_BYTES = 4;
const TYPE_BYTES = 1;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** Cuts a stream into whole messages. The first ones of a client have no type byte. */
export class MessageReader {
  #received = Buffer.alloc(0);

  /** Whole messages of what has come so far; `hasType` is asked before each. */
  *read(chunk: Buffer, hasType: () => boolean): Generator<Buffer> {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const start = hasType() ? TYPE_BYTES : 0;
      if (this.#received.length < start + LENGTH_BYTES) return;
      const end = start + this.#received.readInt32BE(start);
      if (this.#received.length < end) return;
      const message = this.#received.subarray(0, end);
      this.#received = this.#received.subarray(end);
      yield message;
    }
  }
}

/** What a message without a type byte is. Pure. */
export function firstMessage(
  message: Buffer,
): { kind: "encryption" | "cancel" } | { kind: "login"; database: string } {
  const code = message.readInt32BE(LENGTH_BYTES);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: "encryption" };
  if (code === CANCEL_REQUEST) return { kind: "cancel" };
  const words = message
    .subarray(2 * LENGTH_BYTES)
    .toString("utf8")
    .split("\0");
  const at = words.findIndex((word, index) => index % 2 === 0 && word === "database");
  return { kind: "login", database: words[at + 1] ?? "" };
}

/** The type byte as a letter. Pure. */
export function typeOf(message: Buffer): string {
  return String.fromCharCode(message[0] ?? 0);
}

/** The SQL of a Query or Parse; undefined for other messages. Pure. */
export function statementOf(message: Buffer): string | undefined {
  const words = message
    .subarray(TYPE_BYTES + LENGTH_BYTES)
    .toString("utf8")
    .split("\0");
  if (typeOf(message) === "Q") return words[0];
  return typeOf(message) === "P" ? words[1] : undefined;
}

/** A Query that fails with this SQLSTATE, so that the server itself fails the transaction. Pure. */
export function failingQuery(sqlState: string, message: string): Buffer {
  return messageOf(
    "Q",
    `DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '${sqlState}', MESSAGE = '${message}'; END$$\0`,
  );
}

/** A refused login. Pure. */
export function fatalError(sqlState: string, message: string): Buffer {
  return messageOf("E", `SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`);
}

function messageOf(type: string, body: string): Buffer {
  const bytes = Buffer.from(body, "utf8");
  const head = Buffer.alloc(TYPE_BYTES + LENGTH_BYTES);
  head.write(type, 0, "latin1");
  head.writeInt32BE(bytes.length + LENGTH_BYTES, TYPE_BYTES);
  return Buffer.concat([head, bytes]);
}
