import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, cleanEnvironment, FAST, finished, type Workspace } from "./workspace.ts";

/** Stands for the tenant's slug in a point's name. */
const SLUG = "<slug>";
/** A driver process that takes longer hangs. */
const HANGING_MS = 600_000;

/** The points that a command comes by, in order, with the slug taken out of their names. */
export async function enumeratePoints(
  workspace: Workspace,
  slug: string,
  argv: readonly string[],
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-points-"));
  const file = join(folder, "points");
  try {
    const run = await workspace.tenantry(argv, { TENANTRY_POINTS_FILE: file });
    if (run.code !== 0) throw new Error(`${argv.join(" ")}: ${run.code}\n${run.stdout}${run.stderr}`);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => line.replaceAll(`:${slug}-`, `:${SLUG}-`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A point as `TENANTRY_KILL_AT` names it: a name that a run comes by more than once carries which time is meant. */
export function killNames(points: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return points.map((point) => {
    const occurrence = (seen.get(point) ?? 0) + 1;
    seen.set(point, occurrence);
    return `${point}#${occurrence}`;
  });
}

/**
 * The points at which a kill leaves something that no other point leaves. Every named point of a resource stays. A
 * state write's point goes where it is the same moment as its neighbour: nothing happens between `…:after` of one
 * step or write and `…:before` of the next, so a kill at either leaves the same bytes everywhere.
 */
export function distinctMoments(points: readonly string[]): string[] {
  const moments: string[][] = [];
  for (const name of killNames(points)) {
    const last = moments.at(-1);
    if (last !== undefined && isEnd(last.at(-1) ?? "") && isBeginning(name)) last.push(name);
    else moments.push([name]);
  }
  return moments.flatMap((names) => {
    const named = names.filter((name) => !isState(name));
    return named.length > 0 ? named : names.slice(0, 1);
  });
}

/** Whether a point is about the state's file rather than about a resource. */
export function isState(point: string): boolean {
  return point.startsWith("state:");
}

/** The same point for a tenant. */
export function pointOf(name: string, slug: string): string {
  return name.replaceAll(SLUG, slug);
}

const isEnd = (name: string): boolean => /^(state|create|update|delete):.*:after#/.test(name);
const isBeginning = (name: string): boolean => /^(state|create|update|delete):.*:before#/.test(name);

/** One command line of a driver process (`killDriver.mjs`). */
export interface DriverStep {
  readonly argv: readonly string[];
  /** `TENANTRY_KILL_AT` of this step: the process ends there, and the step never answers. */
  readonly killAt?: string;
}

/** What a step that came back did. */
export interface DriverAnswer {
  readonly argv: readonly string[];
  readonly code: number;
  readonly text: string;
}

/** What a driver process answered and how it ended. */
export interface DriverRun extends CommandResult {
  readonly answers: readonly DriverAnswer[];
}

/** Runs steps in one process of their own. */
export async function runDriver(workspace: Workspace, steps: readonly DriverStep[]): Promise<DriverRun> {
  const driver = join(import.meta.dirname, "killDriver.mjs");
  const child = spawn(process.execPath, [driver, workspace.root, JSON.stringify(steps)], {
    cwd: workspace.root,
    env: { ...cleanEnvironment(), ...FAST },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: HANGING_MS,
    // Not SIGKILL, which is what a kill point does.
    killSignal: "SIGABRT",
  });
  const ended = await finished(child);
  const lines = ended.stdout.split("\n").filter((line) => line !== "");
  return { ...ended, answers: lines.map((line) => JSON.parse(line) as DriverAnswer) };
}

/** A tenant, what is done to it, and where that is cut off. */
export interface Cut {
  readonly slug: string;
  readonly point: string;
}

/**
 * Walks cuts: each in a process of its own that is killed at its point. When all have been cut off the same commands
 * come again, one after another in one new process, and each has to end with 0. `write` writes a tenant's entry, which
 * is there while a command reads it: every run reads every entry. Answers what went otherwise than it should, empty
 * when nothing did.
 */
export async function walkCuts(
  workspace: Workspace,
  cuts: readonly Cut[],
  argvOf: (slug: string) => readonly string[],
  write: (slug: string) => void,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { slug, point } of cuts) {
    write(slug);
    const run = await runDriver(workspace, [{ argv: argvOf(slug), killAt: pointOf(point, slug) }]);
    workspace.remove(`tenants/${slug}.yaml`);
    if (run.signal === "SIGKILL") continue;
    const [answer] = run.answers;
    problems.push(`${point} (${slug}): not killed there, ${answer?.code}: ${answer?.text ?? run.stderr}`);
  }
  for (const { slug } of cuts) write(slug);
  const next = await runDriver(
    workspace,
    cuts.map(({ slug }) => ({ argv: argvOf(slug) })),
  );
  for (const [index, { slug, point }] of cuts.entries()) {
    workspace.remove(`tenants/${slug}.yaml`);
    const answer = next.answers[index];
    if (answer?.code === 0) continue;
    problems.push(
      `${point} (${slug}): the next run ended with ${answer?.code}: ${answer?.text ?? next.stderr}`,
    );
  }
  return problems;
}

/** Walks in `width` processes at a time. */
export async function walkSideBySide(
  workspace: Workspace,
  cuts: readonly Cut[],
  argvOf: (slug: string) => readonly string[],
  write: (slug: string) => void,
  width: number,
): Promise<string[]> {
  const chains = Array.from({ length: width }, (_, chain) =>
    cuts.filter((__, index) => index % width === chain),
  );
  const problems = await Promise.all(chains.map((chain) => walkCuts(workspace, chain, argvOf, write)));
  return problems.flat();
}
