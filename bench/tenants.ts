import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { createWorkspace, type Workspace } from "../test/support/workspace.ts";
import { type Floor, openFloor, query } from "./floor.ts";
import { timeCommand } from "./measure.ts";

const ROOT = resolve(import.meta.dirname, "..");
/** Tenants of one round; a round is one process of the product, whose start is inside its clock. */
const ROUND = 100;
/** More than Azure's Standard profile takes, and than a server of the committed environment. */
const EDGE_LIMIT = "20000";
const SERVER_LIMIT = 1000;
const MAX_COUNT = 900;

/** What one round took. */
export interface Round {
  readonly tenants: number;
  /** The raw script's work and its CHECKPOINT, in ms. */
  readonly floorMs: number;
  readonly floorCheckpointMs: number;
  /** The product's run, process start included, and its CHECKPOINT, in ms. */
  readonly oursMs: number;
  readonly oursCheckpointMs: number;
}

export interface TenantsOptions {
  readonly count: number;
  /** Tenants at once, in both. */
  readonly parallel: number;
  /** How the floor copies the template. */
  readonly strategy: string;
  /** Tables that the tenants' migrations make beside the committed ones; the template has them too. */
  readonly tables: number;
}

/**
 * `npm run bench -- tenants [count] [parallel] [FILE_COPY|WAL_LOG] [tables]`: rates, their ratio and its spread, as a section
 * of RESULTS.md.
 */
export async function tenantsSection([
  count = "60",
  parallel = "8",
  strategy = "FILE_COPY",
  tables = "0",
]: readonly string[]): Promise<string> {
  const options = { count: Number(count), parallel: Number(parallel), strategy, tables: Number(tables) };
  if (!(options.count >= 1 && options.count <= MAX_COUNT && options.parallel >= 1 && options.tables >= 0))
    throw new Error(
      `expected 1 to ${MAX_COUNT} tenants, how many at once and how many more tables; got '${count}', '${parallel}' and '${tables}'`,
    );
  const [load] = loadavg();
  const rounds = await measureTenants(options);
  const ratios = rounds.map((round) => floorTotal(round) / oursTotal(round)).sort((a, b) => a - b);
  return `${options.parallel} at once on one server with durable settings, the floor by ${strategy}, both from a template with
${options.tables} tables beside the committed ones; process start and CHECKPOINT inside the
clock. Load average when it began: ${(load ?? 0).toFixed(1)}. Ratio by round: ${percent(ratios[0])} to ${percent(ratios.at(-1))}.

| tenants | raw floor | of it CHECKPOINT | ours | of it CHECKPOINT | ours ÷ floor |
| --- | --- | --- | --- | --- | --- |
${(rounds.length > 1 ? [...rounds, sumOf(rounds)] : rounds).map(lineOf).join("\n")}`;
}

function lineOf(round: Round): string {
  const { tenants, floorCheckpointMs, oursCheckpointMs } = round;
  const ratio = percent(floorTotal(round) / oursTotal(round));
  return `| ${tenants} | ${rate(tenants, floorTotal(round))} | ${seconds(floorCheckpointMs)} | ${rate(tenants, oursTotal(round))} | ${seconds(oursCheckpointMs)} | **${ratio}** |`;
}

/** All rounds as one. */
function sumOf(rounds: readonly Round[]): Round {
  const total = (key: keyof Round) => rounds.reduce((sum, round) => sum + round[key], 0);
  return {
    tenants: total("tenants"),
    floorMs: total("floorMs"),
    floorCheckpointMs: total("floorCheckpointMs"),
    oursMs: total("oursMs"),
    oursCheckpointMs: total("oursCheckpointMs"),
  };
}

function floorTotal({ floorMs, floorCheckpointMs }: Round): number {
  return floorMs + floorCheckpointMs;
}

function oursTotal({ oursMs, oursCheckpointMs }: Round): number {
  return oursMs + oursCheckpointMs;
}

function rate(tenants: number, ms: number): string {
  return `${((tenants * 1000) / ms).toFixed(1)}/s (${seconds(ms)})`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function percent(part = Number.NaN): string {
  return `${Math.round(part * 100)} %`;
}

/**
 * New tenants on one local server with durable settings, in rounds of a raw script and of the product in turn, each with
 * a CHECKPOINT at its end inside the clock. Stops the local cloud and deletes everything afterwards.
 */
export async function measureTenants(options: TenantsOptions): Promise<readonly Round[]> {
  const workspace = createWorkspace();
  try {
    execFileSync("rm", ["-rf", join(workspace.root, "tenants")]);
    execFileSync("mkdir", [join(workspace.root, "tenants")]);
    widen(workspace);
    if (options.tables > 0) workspace.write("migrations/tenant/0099_bench.sql", tablesOf(options.tables));
    await run(workspace, ["up", "--platform"]);
    // Makes the template, and is the first to compile the bundle's code.
    await run(workspace, ["up", ...addEntries(workspace, "warm", 1)]);
    const floor = await openFloor(workspace);
    const rounds: Round[] = [];
    for (let left = options.count; left > 0; left -= ROUND) {
      const tenants = Math.min(left, ROUND);
      rounds.push(await measureRound(workspace, floor, `r${rounds.length}`, { ...options, count: tenants }));
    }
    return rounds;
  } finally {
    await workspace.dispose();
  }
}

/** Tables of eight columns with a primary, a foreign and a unique key and two more indexes each. */
function tablesOf(count: number): string {
  const table = (index: number): string => `CREATE TABLE bench.t${index} (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  code text NOT NULL UNIQUE,
  before uuid REFERENCES bench.t${Math.max(0, index - 1)} (id),
  title text NOT NULL,
  amount numeric NOT NULL DEFAULT 0,
  is_open boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  note text
);
CREATE INDEX t${index}_title ON bench.t${index} (title);
CREATE INDEX t${index}_created ON bench.t${index} (created_at);`;
  return `CREATE SCHEMA bench;\n${Array.from({ length: count }, (_, index) => table(index)).join("\n")}\n`;
}

async function measureRound(
  workspace: Workspace,
  floor: Floor,
  name: string,
  { count, parallel, strategy }: TenantsOptions,
): Promise<Round> {
  await checkpoint(floor);
  const script = [
    join(ROOT, "bench/rawTenants.mjs"),
    `floor_${name}`,
    String(count),
    String(parallel),
    strategy,
  ];
  const floorMs = await timeCommand(process.execPath, script, { cwd: ROOT, env: floor.variables });
  const floorCheckpointMs = await checkpoint(floor);
  const slugs = addEntries(workspace, name, count);
  const oursMs = await run(workspace, ["up", ...slugs, "--parallel", String(parallel)]);
  const oursCheckpointMs = await checkpoint(floor);
  return { tenants: count, floorMs, floorCheckpointMs, oursMs, oursCheckpointMs };
}

async function checkpoint({ superuserUrl }: Floor): Promise<number> {
  const startedAt = performance.now();
  await query(superuserUrl, "CHECKPOINT");
  return performance.now() - startedAt;
}

/** Room for all of them on one server. */
function widen(workspace: Workspace): void {
  const file = "stacks/Pulumi.local.yaml";
  const text = workspace
    .read(file)
    .replaceAll("capacityHint: 200", `capacityHint: ${SERVER_LIMIT}`)
    .replaceAll("maxConnections: 100", `maxConnections: ${SERVER_LIMIT}`);
  workspace.write(file, text);
}

function addEntries(workspace: Workspace, prefix: string, count: number): readonly string[] {
  const slugs = Array.from({ length: count }, (_, index) => `${prefix}-n${index}`);
  for (const slug of slugs)
    workspace.write(
      `tenants/${slug}.yaml`,
      `displayName: ${slug}\nadminEmail: admin@${slug}.example\nenvironments: [local]\nplan: trial\nserver: db-01\n`,
    );
  return slugs;
}

/** Without the tests' fast settings: what is measured is durable. */
function run({ root }: Workspace, args: readonly string[]): Promise<number> {
  return timeCommand(process.execPath, [join(root, "bin/tenantry"), ...args], {
    cwd: root,
    env: { ...process.env, TENANTRY_LOCAL_STANDARD_LIMIT: EDGE_LIMIT, TENANTRY_LOCAL_ZONE_LIMIT: EDGE_LIMIT },
  });
}
