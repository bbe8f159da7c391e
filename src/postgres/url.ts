/** Where a server is and who logs in, taken apart. Never log this whole: it holds the password. */
export interface PostgresUrl {
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Query parameters such as `sslmode`, as they were. */
  readonly parameters: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 5432;

/** Parses `postgres://user:password@host:port/database`. Throws TypeError, whose message never holds the text. */
export function parsePostgresUrl(text: string): PostgresUrl {
  const url = parsed(text);
  const problem = problemOf(url);
  if (problem !== undefined) throw new TypeError(`PostgreSQL URL (not shown): ${problem}`);
  return {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    parameters: Object.fromEntries(url.searchParams),
  };
}

/** Writes the URL so that `parsePostgresUrl` gives the same back, whatever characters the parts hold. */
export function formatPostgresUrl(url: PostgresUrl): string {
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  const login = `${encode(url.user)}:${encode(url.password)}`;
  const query = new URLSearchParams(url.parameters).toString();
  return `postgres://${login}@${host}:${url.port}/${encode(url.database)}${query === "" ? "" : `?${query}`}`;
}

/** The same login on another database. */
export function withDatabase(text: string, database: string): string {
  return formatPostgresUrl({ ...parsePostgresUrl(text), database });
}

/** `host:port/database as user`, for messages; holds no password. */
export function describeUrl(text: string): string {
  const { host, port, database, user } = parsePostgresUrl(text);
  return `${host}:${port}/${database} as ${user}`;
}

/** Takes connection URLs and the given secrets (also URL-encoded and base64) out of a text meant for people. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const forms = secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [
      secret,
      encode(secret),
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
    ])
    .sort((left, right) => right.length - left.length);
  const withoutSecrets = forms.reduce((rest, form) => rest.split(form).join("***"), text);
  return withoutSecrets
    .replace(/\b(postgres(?:ql)?:\/\/)[^\s'"`<>]+/gi, "$1***")
    .replace(/SCRAM-SHA-256\$[^\s'"]+/g, "SCRAM-SHA-256$***")
    .replace(/(\bpassword\s*(?:=|:)?\s*)('(?:[^']|'')*'|"[^"]*")/gi, "$1'***'");
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // Node's own error repeats the text, password included, so it is not kept as cause.
    throw new TypeError("PostgreSQL URL (not shown): expected postgres://user:password@host:port/database");
  }
}

function problemOf(url: URL): string | undefined {
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:")
    return "expected the scheme 'postgres' or 'postgresql'";
  if (url.username === "") return "expected a user";
  if (url.hostname === "") return "expected a host";
  if (url.pathname.length < 2) return "expected a database";
  return undefined;
}

/** encodeURIComponent leaves !'()* alone; quotes would end a shell word or a SQL string. */
function encode(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
