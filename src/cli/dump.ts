import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import {
  dump as dumpTenant,
  lookAtJob,
  type OperationContext,
  queueJob,
  runAsJob,
} from "../operations/index.ts";
import type { JobRow } from "../registry/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import type { TakenBackup } from "../transfer/index.ts";
import { openOperation } from "./openOperation.ts";
import { runOperation } from "./operation.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

interface DumpOptions extends CommonOptions {
  readonly file?: string;
  /** `--no-wait`: another process does it. */
  readonly isDetached?: boolean;
  /** A job to look at. */
  readonly job?: string;
}

/** Names the queued job that a process of ours was started for. */
const JOB_VARIABLE = "TENANTRY_JOB";

/** Exit codes of a look at a job: failed, and not ended yet. */
const EXIT_FAILED = 1;
const EXIT_PENDING = 4;

/** `tenantry dump`: copies a tenant's database into a file. */
export const dump: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to copy; suspended and deleted ones too")
      .option("--file <path>", "where to; a file of that name is replaced when the new one is whole")
      .option("--no-wait", "answer at once with a job, which goes on in a process of its own")
      .on("option:no-wait", () => command.setOptionValue("isDetached", true))
      .option("--job <id>", "look at a job of `--no-wait`: exit 0 done, 1 failed or lost, 4 not ended")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options: DumpOptions = raw;
    assertSlug(slug, environmentNames(context.root));
    if (options.job !== undefined) return look(slug, options.job, options, context);
    if (options.file === undefined) throw new UsageError("`dump`: name a file with `--file`.");
    const path = resolve(options.file);
    if (options.isDetached === true) return detach(slug, path, options, context);
    return runOperation(slug, options, context, async (operation) => {
      const body = async (inside: OperationContext) => detailsOf(await dumpTenant(inside, slug, path));
      const jobId = process.env[JOB_VARIABLE];
      const details = await (jobId === undefined ? body(operation) : runAsJob(operation, jobId, body));
      return { summary: `dumped, ${details.sizeBytes} bytes at ${path}`, details };
    });
  },
};

function detailsOf({ location, format, sizeBytes, sha256, takenAt }: TakenBackup) {
  return { location, format, sizeBytes, sha256, takenAt: takenAt.toISOString() };
}

/** Waits for a held tenant: nobody is there to try again. */
async function detach(
  slug: string,
  path: string,
  options: DumpOptions,
  context: CliContext,
): Promise<number> {
  const jobId = await openOperation(options, context, (operation) => queueJob(operation, slug, "dump"));
  const engine = options.engine === undefined ? [] : ["--engine", options.engine];
  const words = ["dump", slug, "--file", path, "--env", options.env, "--wait", ...engine];
  const child = spawn(process.execPath, [join(context.root, "bin/tenantry"), ...words], {
    cwd: context.root,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, [JOB_VARIABLE]: jobId },
  });
  child.unref();
  const next = `tenantry dump ${slug} --job ${jobId}`;
  if (options.json) context.io.out(`${JSON.stringify({ slug, jobId })}\n`);
  else context.io.out(`job ${jobId} begun. Look at it with: \`${next}\`\n`);
  return 0;
}

async function look(slug: string, id: string, options: DumpOptions, context: CliContext): Promise<number> {
  const job = await openOperation(options, context, (operation) => lookAtJob(operation, slug, id));
  const { state, progress, details, startedAt, heartbeatAt, endedAt, errorCode, error } = job;
  if (options.json)
    context.io.out(
      `${JSON.stringify({ id, slug, kind: job.kind, state, progress, details, startedAt, heartbeatAt, endedAt, errorCode, error })}\n`,
    );
  else context.io.out(`${id}: ${wordsOf(job)}\n`);
  if (state === "done") return 0;
  return state === "failed" || state === "lost" ? EXIT_FAILED : EXIT_PENDING;
}

function wordsOf({ state, progress, errorCode, error, heartbeatAt }: JobRow): string {
  if (state === "failed") return `failed, ${errorCode}: ${error}`;
  if (state === "lost") return `lost: last heard of at ${heartbeatAt.toISOString()}; run the dump again`;
  return progress === "" ? state : `${state}: ${progress}`;
}

const HELP = `
A dump is of one moment, and nobody's but yours: it is in no list, is never pruned and outlives a purge. \`tenantry backup\`
takes one that the environment keeps.

Examples:
  tenantry dump acme --file acme.tar.gz
  tenantry dump acme --file acme.tar.gz --no-wait
`;
