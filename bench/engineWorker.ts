import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { CustomResource, type Inputs, type Output } from "@pulumi/pulumi";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { createEmbeddedCommand } from "../src/engine/index.ts";
import { idleProvider } from "./idleProvider.ts";

/** What a worker is asked: one phase over its share of the stacks; `drift` is a refresh that finds all changed. */
export interface WorkerTask {
  readonly phase: "up" | "preview" | "noop" | "refresh" | "drift" | "destroy";
  readonly root: string;
  readonly stacks: readonly string[];
  /** Resources of each stack. */
  readonly resources: number;
  /** Stacks at the same time. */
  readonly atOnce: number;
}

export interface WorkerReport {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** RSS after the first 100 stacks of this process; undefined when it had fewer. */
  readonly rssAfter100Bytes: number | undefined;
  readonly longestStallMs: number;
}

class Thing extends CustomResource {
  declare readonly made: Output<string>;

  constructor(name: string, inputs: Inputs) {
    super("idle:index:Thing", name, { made: undefined, ...inputs });
  }
}

let isDrifting = false;
const command = createEmbeddedCommand({ providers: { idle: () => idleProvider(() => isDrifting) } });
let finished = 0;
let rssAfter100Bytes: number | undefined;

process.on("message", (task: WorkerTask) => {
  work(task).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function work(task: WorkerTask): Promise<WorkerReport> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  delay.enable();
  const queue = [...task.stacks];
  await Promise.all(Array.from({ length: task.atOnce }, () => drain(task, queue)));
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallMs: performance.now() - startedAt,
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
    rssAfter100Bytes,
    longestStallMs: delay.max / 1e6,
  };
}

async function drain(task: WorkerTask, queue: string[]): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    await run(task, name);
    finished += 1;
    if (finished === 100) rssAfter100Bytes = process.memoryUsage.rss();
  }
}

async function run({ phase, root, resources }: WorkerTask, name: string): Promise<void> {
  const stack = await openStack(root, name, resources);
  isDrifting = phase === "drift";
  if (phase === "destroy") await stack.destroy();
  else if (phase === "refresh" || phase === "drift") await stack.refresh();
  else if (phase === "preview") await stack.preview();
  else {
    const { summary } = await stack.up({ suppressOutputs: true });
    // A run without change leaves no history of its own: the summary is still that of the one that made them.
    const made = summary.resourceChanges?.create;
    if (made !== resources + 1) throw new Error(`${name}: ${phase} of ${made} resources`);
  }
}

/** Each resource takes an output of the one before it, six at a time in a chain, as a tenant's do. */
function openStack(root: string, name: string, resources: number): Promise<Stack> {
  const program = async (): Promise<void> => {
    let before: Output<string> | undefined;
    for (let index = 0; index < resources; index += 1) {
      const thing: Thing = new Thing(`thing-${index}`, {
        value: `${name}-${index}`,
        ...(before === undefined ? {} : { before }),
      });
      before = index % 6 === 5 ? undefined : thing.made;
    }
  };
  const envVars = {
    PULUMI_BACKEND_URL: `file://${join(root, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_OPTION_CONFIG_FILE: join(root, "env.yaml"),
  };
  return LocalWorkspace.createOrSelectStack(
    { projectName: "bench", stackName: name, program },
    { workDir: root, pulumiCommand: command, envVars },
  );
}
