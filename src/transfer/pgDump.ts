import { execFile } from "node:child_process";
import { devNull } from "node:os";
import { promisify } from "node:util";
import { parsePostgresUrl, redact } from "../postgres/index.ts";

const run = promisify(execFile);

/** Output of pg_restore --list and of errors. */
const MAX_OUTPUT_BYTES = 64 << 20;

/** pg_dump or pg_restore said no; the text is redacted. */
export class PgToolError extends Error {
  override readonly name = "PgToolError";
}

/** Major version of a client tool on PATH; undefined when there is none. */
export async function toolVersion(
  tool: "pg_dump" | "pg_restore",
  environment: NodeJS.ProcessEnv,
): Promise<number | undefined> {
  try {
    const { stdout } = await run(tool, ["--version"], { env: environment });
    const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** True when both tools are there and as new as the server: pg_dump refuses a newer server. */
export async function hasFittingTools(
  serverVersion: number,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const major = Math.floor(serverVersion / 10_000);
  const dump = await toolVersion("pg_dump", environment);
  const restore = await toolVersion("pg_restore", environment);
  return dump !== undefined && restore !== undefined && dump >= major && restore >= dump;
}

/** Dumps the database of `url` in custom format, acting as `role`, as an exported snapshot sees it. */
export async function dumpTo(
  path: string,
  url: string,
  { role, snapshot }: { readonly role: string; readonly snapshot: string },
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const options = ["--format=custom", `--role=${role}`, `--snapshot=${snapshot}`, `--file=${path}`];
  await runTool("pg_dump", options, url, environment);
}

/** Name of the database that a dump was made of, as its table of contents says. Throws PgToolError. */
export async function dumpedDatabase(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const list = await runTool("pg_restore", ["--list", path], undefined, environment);
  return /^;\s+dbname: (.+)$/m.exec(list)?.[1];
}

/** Unpacks the whole dump and throws it away: every byte of it is read. Throws PgToolError. */
export async function readDump(path: string, environment: NodeJS.ProcessEnv): Promise<void> {
  await runTool("pg_restore", [`--file=${devNull}`, path], undefined, environment);
}

/** Loads a dump into the empty database of `url`, in one transaction; everything belongs to `role`. */
export async function restoreDump(
  path: string,
  url: string,
  role: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const database = parsePostgresUrl(url).database;
  await runTool(
    "pg_restore",
    ["--no-owner", `--role=${role}`, "--single-transaction", "--exit-on-error", `--dbname=${database}`, path],
    url,
    environment,
  );
}

/** Answers what it printed. The password goes by environment; an argument would show in every process list. */
async function runTool(
  tool: string,
  options: readonly string[],
  url: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const login = url === undefined ? {} : loginEnvironment(url);
  try {
    const { stdout } = await run(
      tool,
      ["--no-password", ...options].filter((option) => url !== undefined || option !== "--no-password"),
      {
        env: { ...environment, ...login },
        maxBuffer: MAX_OUTPUT_BYTES,
      },
    );
    return stdout;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const secrets = url === undefined ? [] : [parsePostgresUrl(url).password];
    throw new PgToolError(`${tool}: ${redact((stderr ?? "").trim() || message, secrets)}`);
  }
}

function loginEnvironment(url: string): NodeJS.ProcessEnv {
  const { host, port, user, password, database, parameters } = parsePostgresUrl(url);
  const sslmode = parameters.sslmode === undefined ? {} : { PGSSLMODE: parameters.sslmode };
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    ...sslmode,
  };
}
