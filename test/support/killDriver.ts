import { writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** One command line of a driver process. */
export interface DriverStep {
  readonly argv: readonly string[];
  /** `TENANTRY_KILL_AT` of this step: the process ends there, and the step never answers. */
  readonly killAt?: string;
}

/** What a step that came back did: one JSON line each on standard output. */
export interface DriverAnswer {
  readonly argv: readonly string[];
  readonly code: number;
  readonly text: string;
}

type Main = (
  argv: readonly string[],
  io: { out(text: string): void; err(text: string): void; isTerminal: boolean; columns: number },
) => Promise<number>;

interface Launcher {
  launch(entry: "cli/index.ts"): Promise<{ main: Main }>;
}

/**
 * Runs command lines of a workspace's own CLI in this process, one after another: `bin/tenantry` without a start of
 * Node for each. Arguments: the workspace's root, and the steps as JSON.
 */
async function drive(root: string, steps: readonly DriverStep[]): Promise<void> {
  const { launch } = (await import(pathToFileURL(join(root, "bin/launch.mjs")).href)) as Launcher;
  const { main } = await launch("cli/index.ts");
  for (const { argv, killAt } of steps) {
    if (killAt === undefined) delete process.env.TENANTRY_KILL_AT;
    else process.env.TENANTRY_KILL_AT = killAt;
    let text = "";
    const write = (more: string): void => {
      text += more;
    };
    const code = await main(argv, { out: write, err: write, isTerminal: false, columns: 120 });
    // At once, past Node's own buffer: the next step may not let this process come to its end.
    writeSync(1, `${JSON.stringify({ argv, code, text } satisfies DriverAnswer)}\n`);
  }
  process.exit(0);
}

const [root = "", steps = "[]"] = process.argv.slice(2);
await drive(root, JSON.parse(steps) as DriverStep[]);
