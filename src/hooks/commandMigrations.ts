import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import {
  type Client,
  LockHeldError,
  MIGRATION_LOCK_KEY,
  parsePostgresUrl,
  redact,
  withAdvisoryLock,
} from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { explainMigration } from "./explainMigration.ts";
import type { Hook } from "./hook.ts";

export interface CommandContext {
  readonly slug: string;
  /** Any connection to the tenant's database: holds the lock while the command runs. */
  readonly client: Client;
  /** The tenant's own URL, from the vault; reaches the command in its environment alone. */
  readonly url: string;
  /** Folder the command runs in: the project's root. */
  readonly directory: string;
  /** What else the command finds in its environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Then the command and its children are killed. Default 10 minutes. */
  readonly timeoutMs?: number;
}

export interface CommandMigrationInputs {
  /** Line for the shell, e.g. `npm run migrate`. */
  readonly run: string;
  /** Reaches the command as TENANTRY_MIGRATION_TARGET. */
  readonly target?: string;
}

const TIMEOUT_MS = 600_000;
const WAIT_MS = 60_000;
const TAIL_LINES = 20;
const KEPT_CHARACTERS = 16_384;

/**
 * Migrations by a command of the team's own (knex, Prisma, Flyway): DATABASE_URL is the tenant's URL. What is pending only
 * the command knows, so the plan is the command. Throws `E_MIGRATIONS_FAILED` with the redacted end of its output.
 */
export const commandMigrationsHook: Hook<
  CommandContext,
  CommandMigrationInputs,
  undefined,
  readonly string[],
  undefined
> = {
  name: "migrations",
  observe: async () => undefined,
  plan: (inputs) => [inputs.run],
  apply,
  remove: async () => undefined,
};

async function apply(context: CommandContext, inputs: CommandMigrationInputs): Promise<undefined> {
  try {
    await withAdvisoryLock(context.client, MIGRATION_LOCK_KEY, () => runOnce(context, inputs), {
      waitMs: WAIT_MS,
    });
  } catch (error) {
    throw error instanceof LockHeldError ? explainMigration(error, { slug: context.slug, dir: "" }) : error;
  }
  return undefined;
}

async function runOnce(context: CommandContext, inputs: CommandMigrationInputs): Promise<void> {
  const { ending, output } = await execute(context, inputs);
  if (ending === undefined) return;
  const secrets = [context.url, parsePostgresUrl(context.url).password];
  const tail = redact(output, secrets).trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  throw new UserError(
    "E_MIGRATIONS_FAILED",
    `Tenant '${context.slug}': \`${redact(inputs.run, secrets)}\` ${ending}; expected exit code 0. It printed:\n${tail === "" ? "(nothing)" : tail}`,
  );
}

interface Execution {
  /** How it failed; undefined for exit code 0. */
  readonly ending: string | undefined;
  /** The end of stdout and stderr, as they came. */
  readonly output: string;
}

/**
 * Runs $1 in a group of its own with a watchdog that kills the group once descriptor 3 is closed: when the command has
 * ended, and also when our process is killed, whose lock is then free for another run.
 */
const WATCHED = '(exec >/dev/null 2>&1; cat <&3; kill -KILL 0) & exec 3<&-; eval "$1"';

function execute(context: CommandContext, inputs: CommandMigrationInputs): Promise<Execution> {
  const timeoutMs = context.timeoutMs ?? TIMEOUT_MS;
  const child = spawn("/bin/sh", ["-c", WATCHED, "sh", inputs.run], {
    detached: true,
    cwd: context.directory,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: environmentOf(context, inputs),
  });
  const lifeline = child.stdio[3];
  const output = keepEnd([child.stdout, child.stderr]);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    lifeline?.destroy();
  }, timeoutMs);
  child.on("exit", () => lifeline?.destroy());
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const late = `took more than ${timeoutMs} ms and was killed`;
      resolve({ ending: isLate ? late : endingOf(code, signal), output: output() });
    });
  });
}

function environmentOf(context: CommandContext, inputs: CommandMigrationInputs): NodeJS.ProcessEnv {
  const target = inputs.target === undefined ? {} : { TENANTRY_MIGRATION_TARGET: inputs.target };
  return { ...context.environment, DATABASE_URL: context.url, ...target };
}

/** Collects the last characters of the streams; answers them when called. */
function keepEnd(streams: readonly (Readable | null)[]): () => string {
  let end = "";
  for (const stream of streams)
    stream?.on("data", (chunk: Buffer) => {
      end = (end + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
  return () => end;
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
