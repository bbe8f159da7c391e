/** What a `postgres://` URL is made of. */
export interface PostgresUrlParts {
  /** Name or address, without a port. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** As it is; every character that means something in a URL is percent-encoded here. */
  readonly password: string;
  readonly database: string;
}

/** Where a flexible server answers. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Port of every flexible server on Azure. */
const POSTGRES_PORT = 5432;

/** `postgres://user:password@host:port/database?sslmode=…`. Round-trips any password; TLS is verified but on loopback. */
export function postgresUrl({ host, port, user, password, database }: PostgresUrlParts): string {
  const sslMode = sslModeOf(host) === "disable" ? "disable" : "verify-full";
  return `postgres://${encode(user)}:${encode(password)}@${host}:${port}/${encode(database)}?sslmode=${sslMode}`;
}

/** `disable` on loopback, where no server of ours speaks TLS; `require` elsewhere. */
export function sslModeOf(host: string): "disable" | "require" {
  return host === "localhost" || host === "::1" || host.startsWith("127.") ? "disable" : "require";
}

/** Splits an optional `:port` off a server's fully qualified name: Azure's has none, the local cloud's has. */
export function serverAddress(fullyQualifiedDomainName: string): ServerAddress {
  const match = /^(.+):(\d{1,5})$/.exec(fullyQualifiedDomainName);
  if (match === null) return { host: fullyQualifiedDomainName, port: POSTGRES_PORT };
  return { host: match[1] ?? "", port: Number(match[2]) };
}

/** encodeURIComponent leaves `!'()*` as they are; some URL parsers don't. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
