import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { createWorkspace, type Workspace } from "../test/support/workspace.ts";
import { engineSection } from "./engineSection.ts";
import { openFloor } from "./floor.ts";
import { lifeSection } from "./life.ts";
import { measureStarts } from "./localStart.ts";
import { type Row, spreadOf, timeCommand } from "./measure.ts";
import { hasOfficial } from "./officialStacks.ts";
import { writeSection } from "./results.ts";
import { tenantsSection } from "./tenants.ts";

/** Counted runs of each command, interleaved so that a slow minute of the machine hits all alike. */
const RUNS = 7;
const ROOT = resolve(import.meta.dirname, "..");

if (process.argv[2] === "start") {
  for (const { what, spread } of await measureStarts(RUNS)) console.log(what, spread);
  process.exit(0);
}

if (process.argv[2] === "tenants") {
  const words = process.argv.slice(2);
  const tables = words[4] ?? "0";
  const title = tables === "0" ? "New tenants" : `New tenants, ${tables} more tables`;
  writeSection(title, `npm run bench -- ${words.join(" ")}`, await tenantsSection(words.slice(1)));
  process.exit(0);
}

if (process.argv[2] === "life") {
  const runs = Number(process.argv[3] ?? RUNS);
  writeSection("A tenant's life", `npm run bench -- life ${runs}`, await lifeSection(runs));
  process.exit(0);
}

if (process.argv[2] === "engine") {
  writeSection("The engine alone", "npm run bench -- engine", await engineSection());
  process.exit(0);
}

const workspace = createWorkspace();
try {
  for (const slug of ["acme", "brightsmile-dental", "northwind-logistics"]) removeEntry(workspace, slug);
  const first = await time(workspace, ["up", "--platform"]);
  await addTenant(workspace, "warm-up");
  const rows = [...(await measureTenants(workspace)), ...(await measureStarts(RUNS))];
  writeSection("Whole processes", "npm run bench", report(first, rows));
} finally {
  await workspace.dispose();
}

function removeEntry({ root }: Workspace, slug: string): void {
  execFileSync("rm", ["-f", join(root, `tenants/${slug}.yaml`)]);
}

async function addTenant(target: Workspace, slug: string): Promise<number> {
  target.write(
    `tenants/${slug}.yaml`,
    `displayName: ${slug}\nlegalName: ${slug} Incorporated\nadminEmail: admin@${slug}.example\nenvironments: [local]\nplan: trial\nserver: db-01\n`,
  );
  return time(target, ["up", slug]);
}

async function measureTenants(target: Workspace): Promise<readonly Row[]> {
  const { variables: floorEnv } = await openFloor(target);
  const times = {
    floor: [] as number[],
    up: [] as number[],
    noop: [] as number[],
    preview: [] as number[],
    help: [] as number[],
  };
  for (let run = 0; run < RUNS; run += 1) {
    times.floor.push(
      await timeCommand(process.execPath, [join(ROOT, "bench/rawFloor.mjs"), `floor_${run}`], {
        cwd: ROOT,
        env: floorEnv,
      }),
    );
    times.up.push(await addTenant(target, `bench-${run}`));
    times.noop.push(await time(target, ["up", `bench-${run}`]));
    times.preview.push(await time(target, ["preview", `bench-${run}`]));
    times.help.push(await time(target, ["--help"]));
  }
  const rows = [
    { what: "raw floor: a plain `pg` script, cold process", spread: spreadOf(times.floor) },
    { what: "`tenantry up` of a new tenant, cold process", spread: spreadOf(times.up) },
    { what: "`tenantry up`, nothing to do, cold process", spread: spreadOf(times.noop) },
    { what: "`tenantry preview`, nothing to do, cold process", spread: spreadOf(times.preview) },
    { what: "`tenantry --help`", spread: spreadOf(times.help) },
  ];
  return hasOfficial() ? [...rows, ...(await measureOfficial(target))] : rows;
}

/** The same program on the official CLI, where PATH has one. */
async function measureOfficial(target: Workspace): Promise<readonly Row[]> {
  const times = { up: [] as number[], noop: [] as number[], preview: [] as number[] };
  for (let run = 0; run < 3; run += 1) {
    const slug = `official-${run}`;
    target.write(
      `tenants/${slug}.yaml`,
      `displayName: ${slug}\nlegalName: ${slug} Incorporated\nadminEmail: admin@${slug}.example\nenvironments: [local]\nplan: trial\nserver: db-01\n`,
    );
    times.up.push(await time(target, ["up", slug, "--engine", "official"]));
    times.noop.push(await time(target, ["up", slug, "--engine", "official"]));
    times.preview.push(await time(target, ["preview", slug, "--engine", "official"]));
  }
  return [
    { what: "the same `up` of a new tenant on the official CLI", spread: spreadOf(times.up) },
    { what: "the same `up`, nothing to do, on the official CLI", spread: spreadOf(times.noop) },
    { what: "the same `preview` on the official CLI", spread: spreadOf(times.preview) },
  ];
}

function time(target: Workspace, args: readonly string[]): Promise<number> {
  return timeCommand(process.execPath, [join(target.root, "bin/tenantry"), ...args], {
    cwd: target.root,
    env: process.env,
  });
}

function report(firstMs: number, rows: readonly Row[]): string {
  const floor = rows[0]?.spread.medianMs ?? Number.NaN;
  const lines = rows.map(({ what, spread }) => {
    const { minMs, medianMs, maxMs, runs } = spread;
    return `| ${what} | ${Math.round(minMs)} | **${Math.round(medianMs)}** | ${Math.round(maxMs)} | ${runs} | ${(medianMs / floor).toFixed(1)} |`;
  });
  return `PostgreSQL from npm with durable settings. Wall time in ms; the rows of one run are interleaved.

| what | min | median | max | runs | ÷ floor |
| --- | --- | --- | --- | --- | --- |
${lines.join("\n")}

First \`up --platform\` on an empty machine (local cloud, two servers, master): ${(firstMs / 1000).toFixed(1)} s, once.`;
}
