/**
 * Finds plain secrets where none may stand: entries, plans and environment configs are committed to Git.
 * A heuristic that errs towards refusing; it looks at the last words of a key and at the shape of a value.
 */

/** Last word of a key whose value is a secret: `dbPassword`, `access_token`; not `maxTokens` or `passwordPolicy`. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "pwd",
  "secret",
  "secrets",
  "token",
  "credential",
  "credentials",
]);

/** Last two words of a key whose value is a secret: `apiKey`, `connection_string`. */
const SECRET_PAIRS: ReadonlySet<string> = new Set([
  "api key",
  "access key",
  "account key",
  "private key",
  "signing key",
  "encryption key",
  "shared key",
  "connection string",
  "sas url",
]);

const SECRET_VALUES: readonly RegExp[] = [
  /[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]*:[^\s/?#]+@/i, // a URL with a password
  /\b(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)\s*=\s*[^;\s]+/i, // a connection string
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/, // a JSON web token
  /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|sk_(live|test)_\w{10,}|xox[abpr]-[\w-]{10,}|AKIA[A-Z0-9]{16})\b/,
];

/** Whether a key's name says that its value is a secret. */
export function isSecretKey(key: string): boolean {
  const words = wordsOf(key);
  const last = words.at(-1) ?? "";
  return SECRET_WORDS.has(last) || SECRET_PAIRS.has(words.slice(-2).join(" ")) || isGlued(last);
}

/** Whether a text has the shape of a credential. */
export function isSecretText(text: string): boolean {
  return SECRET_VALUES.some((pattern) => pattern.test(text));
}

/** `apikey`, `connectionstring`: pairs written as one word. */
function isGlued(word: string): boolean {
  return [...SECRET_PAIRS].some((pair) => pair.replace(" ", "") === word);
}

function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
}
