import pg from "pg";
import { Turns } from "../rpc/turns.ts";
import type { ValueMap } from "../rpc/values.ts";

/** One postgresql provider instance's server. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  /** Database that roles and databases are managed from, and the default one of schemas. */
  readonly database: string;
  readonly sslmode: string;
  readonly connectTimeoutSeconds: number;
  /** An older server is refused. */
  readonly expectedVersion: string | undefined;
}

type Work<Result> = (client: pg.Client) => Promise<Result>;

const TLS = {
  require: { rejectUnauthorized: false },
  "verify-ca": { rejectUnauthorized: true },
  "verify-full": { rejectUnauthorized: true },
};
/** SQLSTATEs of the warnings that a GRANT or REVOKE did nothing. */
const WITHOUT_EFFECT = ["01006", "01007"];

/** By server: concurrent GRANTs on one object fail with XX000 (FAULTS F20). */
const turns = new Turns();

/** Connects to a database of the server (default: the configured one), works, disconnects. One at a time per server. */
export function withClient<Result>(
  config: ServerConfig,
  work: Work<Result>,
  database = config.database,
): Promise<Result> {
  return turns.take(`${config.host}:${config.port}`, () => connectAndWork(config, database, work));
}

/** As withClient, in one transaction. */
export function inTransaction<Result>(
  config: ServerConfig,
  work: Work<Result>,
  database?: string,
): Promise<Result> {
  const transact: Work<Result> = async (client) => {
    await client.query("BEGIN");
    try {
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    }
  };
  return withClient(config, transact, database);
}

/** Runs a GRANT or REVOKE and throws when PostgreSQL warns that it did nothing: the official plugin says nothing then. */
export async function changePrivileges(client: pg.Client, sql: string): Promise<void> {
  const warnings: string[] = [];
  const listen = ({ code, message }: { code?: string | undefined; message?: string | undefined }) => {
    if (WITHOUT_EFFECT.includes(code ?? "")) warnings.push(message ?? "");
  };
  client.on("notice", listen);
  try {
    await client.query(sql);
  } finally {
    client.removeListener("notice", listen);
  }
  const [warning] = warnings;
  if (warning === undefined) return;
  throw new Error(
    `"${sql}" had no effect: ${warning}; '${client.user}' is neither the owner nor a member of it. Let the owner do it`,
  );
}

/** Reads a checked configuration. */
export function serverConfig(args: ValueMap): ServerConfig {
  const text = (name: string) => (args[name] === undefined ? undefined : String(args[name]));
  return {
    host: text("host") ?? "localhost",
    port: Number(text("port") ?? "5432"),
    user: text("username") ?? "postgres",
    password: text("password"),
    database: text("database") ?? "postgres",
    sslmode: text("sslmode") ?? "prefer",
    connectTimeoutSeconds: Number(text("connectTimeout") ?? "180"),
    expectedVersion: text("expectedVersion"),
  };
}

async function connectAndWork<Result>(
  config: ServerConfig,
  database: string,
  work: Work<Result>,
): Promise<Result> {
  const client = new pg.Client({
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    database,
    ssl: TLS[config.sslmode as keyof typeof TLS] ?? false,
    connectionTimeoutMillis: config.connectTimeoutSeconds * 1000,
    application_name: "pulumi-postgresql",
  });
  await client.connect();
  try {
    await client.query("SET statement_timeout = 0");
    await refuseOlder(client, config);
    return await work(client);
  } finally {
    await client.end();
  }
}

async function refuseOlder(client: pg.Client, { expectedVersion, host, port }: ServerConfig): Promise<void> {
  if (expectedVersion === undefined) return;
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  const version = rows[0]?.server_version ?? "";
  const [got, expected] = [version, expectedVersion].map((each) => Number.parseFloat(each));
  if (Number(got) >= Number(expected)) return;
  throw new Error(`PostgreSQL at ${host}:${port} is ${version}; 'expectedVersion' says ${expectedVersion}`);
}
