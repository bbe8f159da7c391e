import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { WorkerReport, WorkerTask } from "./engineWorker.ts";

/** Belongs to the passphrase "local". */
export const SALT = "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==";
const WORKER = join(import.meta.dirname, "engineWorker.ts");

type Phase = WorkerTask["phase"];

/** One phase over all stacks. */
export interface PhaseResult {
  readonly phase: Phase;
  /** Wall time of the whole phase over the number of stacks. */
  readonly wallMs: number;
  readonly cpuMs: number;
  /** One a process. */
  readonly reports: readonly WorkerReport[];
}

export interface EngineLoad {
  readonly stacks: number;
  /** Of each stack; their provider does nothing. */
  readonly resources: number;
  readonly processes?: number;
  readonly phases?: readonly Phase[];
  /** Stacks at the same time in each process. */
  readonly atOnce?: number;
}

const ALL_PHASES: readonly Phase[] = ["up", "preview", "noop", "destroy"];
/** Of one large stack: what a refresh costs grows with it too. */
export const SIZE_PHASES: readonly Phase[] = ["up", "preview", "noop", "refresh", "drift", "destroy"];

/** Runs each phase over all stacks, shared out to one process a core; each process has its own SDK. */
export async function measureEngine(load: EngineLoad): Promise<readonly PhaseResult[]> {
  const { stacks, resources, processes = availableParallelism(), phases = ALL_PHASES, atOnce = 4 } = load;
  const root = await mkdtemp(join(process.env.BENCH_FOLDER ?? tmpdir(), "engine-bench-"));
  await writeFile(join(root, "Pulumi.yaml"), "name: bench\nruntime: nodejs\n");
  await writeFile(join(root, "env.yaml"), `encryptionsalt: ${SALT}\n`);
  const workers = await startWorkers(processes);
  try {
    const names = Array.from({ length: stacks }, (_, index) => `local.s${index}`);
    const results: PhaseResult[] = [];
    for (const phase of phases)
      results.push(await measurePhase(workers, { phase, root, resources, atOnce }, names));
    return results;
  } finally {
    for (const worker of workers) worker.disconnect();
    await rm(root, { recursive: true, force: true });
  }
}

/** Workers from plain JavaScript, as the product's bundle is: through tsx, source maps cost more than the engine. */
async function startWorkers(count: number): Promise<readonly ChildProcess[]> {
  const outfile = join(import.meta.dirname, "../node_modules/.cache/tenantry-bench/engineWorker.mjs");
  await build({
    entryPoints: [WORKER],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  const execArgv = process.env.BENCH_NODE_ARGS?.split(" ") ?? [];
  return Array.from({ length: count }, () => fork(outfile, { execArgv }));
}

async function measurePhase(
  workers: readonly ChildProcess[],
  task: Omit<WorkerTask, "stacks">,
  names: readonly string[],
): Promise<PhaseResult> {
  const startedAt = performance.now();
  const reports = await Promise.all(
    workers.map((worker, index) =>
      ask(worker, { ...task, stacks: names.filter((_, place) => place % workers.length === index) }),
    ),
  );
  const cpuMs = reports.reduce((sum, report) => sum + report.cpuMs, 0);
  const wallMs = (performance.now() - startedAt) / names.length;
  return { phase: task.phase, wallMs, cpuMs: cpuMs / names.length, reports };
}

async function ask(worker: ChildProcess, task: WorkerTask): Promise<WorkerReport> {
  const failed = once(worker, "exit").then(([code]) => {
    throw new Error(`a worker ended with ${code}`);
  });
  worker.send(task);
  const [report] = (await Promise.race([once(worker, "message"), failed])) as [WorkerReport];
  failed.catch(() => undefined);
  return report;
}
