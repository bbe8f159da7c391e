import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import {
  cleanEnvironment,
  createWorkspace,
  FAST,
  finished,
  type Workspace,
} from "../test/support/workspace.ts";
import { type Row, spreadOf, timeCommand } from "./measure.ts";

/** What suspend, resume and rotate may take. */
const BOUND_MS = 1_000;
/** One round; each verb finds the state that the one before it left. */
const ROUND: readonly (readonly string[])[] = [
  ["suspend", "acme"],
  ["resume", "acme"],
  ["rotate", "acme"],
];

/** Wall time of the verbs that change a tenant's life, as processes of their own and within one that is warm. */
export async function lifeSection(runs: number): Promise<string> {
  const workspace = createWorkspace();
  try {
    const up = await workspace.tenantry(["up", "--platform", "acme"]);
    if (up.code !== 0) throw new Error(up.stdout + up.stderr);
    const cold = await measureCold(workspace, runs);
    const warm = await measureWarm(workspace, runs);
    return report([...cold, ...warm]);
  } finally {
    await workspace.dispose();
  }
}

async function measureCold(workspace: Workspace, runs: number): Promise<readonly Row[]> {
  const times = ROUND.map((): number[] => []);
  const options = { cwd: workspace.root, env: { ...cleanEnvironment(), ...FAST } };
  for (let run = 0; run < runs; run += 1)
    for (const [index, argv] of ROUND.entries())
      times[index]?.push(
        await timeCommand(process.execPath, [join(workspace.root, "bin/tenantry"), ...argv], options),
      );
  return ROUND.map(([verb = ""], index) => ({
    what: `${verb}, a process of its own`,
    spread: spreadOf(times[index] ?? []),
  }));
}

async function measureWarm(workspace: Workspace, runs: number): Promise<readonly Row[]> {
  // The first round warms the process up and isn't counted.
  const lines = Array.from({ length: runs + 1 }, () => ROUND).flat();
  const driver = join(import.meta.dirname, "lifeDriver.mjs");
  const child = spawn(process.execPath, [driver, workspace.root, JSON.stringify(lines)], {
    cwd: workspace.root,
    env: { ...cleanEnvironment(), ...FAST },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr } = await finished(child);
  const answers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { ms: number; code: number; text: string });
  const failed = answers.find(({ code }) => code !== 0);
  if (failed !== undefined || answers.length !== lines.length) throw new Error(failed?.text ?? stderr);
  return ROUND.map(([verb = ""], index) => ({
    what: `${verb}, in a warm process`,
    spread: spreadOf(
      answers.flatMap(({ ms }, at) => (at >= ROUND.length && at % ROUND.length === index ? [ms] : [])),
    ),
  }));
}

function report(rows: readonly Row[]): string {
  const lines = rows.map(({ what, spread: { minMs, medianMs, maxMs, runs } }) => {
    const verdict = medianMs < BOUND_MS ? "yes" : "no";
    return `| ${what} | ${[minMs, medianMs, maxMs].map((ms) => Math.round(ms)).join(" | ")} | ${runs} | ${verdict} |`;
  });
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  return [
    `Wall time, \`TENANTRY_LOCAL_FAST\` (PostgreSQL without fsync); load average at the end ${load}.`,
    "",
    `| verb | min ms | median ms | max ms | runs | median under ${BOUND_MS} ms |`,
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}
