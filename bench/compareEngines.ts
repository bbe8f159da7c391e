import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { officialPath } from "../src/deploy/index.ts";
import { createEmbeddedCommand } from "../src/engine/index.ts";
import { findOfficialPlugin } from "../test/official/officialPlugins.ts";
import { differences, type Outcome, orderProblems } from "./engines/outcome.ts";
import { type Engine, playProgram } from "./engines/play.ts";

/**
 * `npx tsx bench/compareEngines.ts <folder>…`: plays each folder's Pulumi Node program on the official engine and on the
 * embedded one and prints what differs in steps, outputs and state. Both use the same plugins: the official ones that
 * are installed, and those of PULUMI_DEBUG_PROVIDERS (`eval "$(bin/tenantry local env)"`) for the rest. Where that
 * variable has plugins beside official ones, the embedded engine runs once more with them. Exit code 1: something differs.
 */
const SHOWN = Number(process.env.SHOWN ?? 12);
/** What the local cloud's plugins say about types and properties that they don't have. */
const REFUSAL = /not (?:support|know)|is not supported|no resource type|in the local cloud|is not one of/;
const PACKAGES = ["random", "postgresql"];

const pulumi = officialPath({ PATH: process.env.PATH });
const folders = process.argv.slice(2).map((folder) => resolve(folder));
if (pulumi === undefined || folders.length === 0) {
  console.error("usage: npx tsx bench/compareEngines.ts <folder>…, with the official `pulumi` on PATH");
  process.exit(2);
}
const place = await mkdtemp(join(tmpdir(), "compare-engines-"));
try {
  const [official, embedded, local] = await openEngines(pulumi);
  let isSame = true;
  for (const folder of folders) isSame = (await compare(folder, official, embedded, local)) && isSame;
  process.exitCode = isSame ? 0 : 1;
} finally {
  await rm(place, { recursive: true, force: true });
}

async function openEngines(path: string): Promise<readonly [Engine, Engine, Engine | undefined]> {
  const plugins = PACKAGES.flatMap((name) => findOfficialPlugin(name) ?? []);
  const found = (process.env.PULUMI_DEBUG_PROVIDERS ?? "").split(",").filter((entry) => entry !== "");
  const others = found.filter((entry) => !plugins.some(({ name }) => entry.startsWith(`${name}:`)));
  const folderList = [...plugins.map((plugin) => dirname(plugin.path)), process.env.PATH ?? ""];
  const variables = { PATH: folderList.join(delimiter), PULUMI_DEBUG_PROVIDERS: others.join(",") };
  const command = createEmbeddedCommand();
  const root = dirname(dirname(path));
  return [
    { name: "official", command: await PulumiCommand.get({ root, skipVersionCheck: true }), variables },
    { name: "embedded", command, variables },
    others.length === found.length
      ? undefined
      : { name: "embedded, local plugins", command, variables: { PULUMI_DEBUG_PROVIDERS: found.join(",") } },
  ];
}

async function compare(
  folder: string,
  official: Engine,
  embedded: Engine,
  local: Engine | undefined,
): Promise<boolean> {
  const name = join(basename(dirname(folder)), basename(folder));
  const expected = await playProgram(official, folder, place);
  let isSame = true;
  for (const engine of [embedded, ...(local === undefined ? [] : [local])]) {
    const outcome = await playProgram(engine, folder, place);
    const found = [...orderProblems(outcome), ...differences(expected, outcome, engine === local)];
    console.log(
      `${name} | ${engine.name} | ${found.length === 0 ? "same" : wordFor(outcome)} | ${summary(outcome)}`,
    );
    for (const line of found.slice(0, SHOWN)) console.log(`    official and ${engine.name}: ${line}`);
    if (found.length > SHOWN) console.log(`    and ${found.length - SHOWN} more`);
    isSame &&= found.length === 0;
  }
  return isSame;
}

/** A plugin of the local cloud names what it doesn't have. */
function wordFor({ stages }: Outcome): string {
  return REFUSAL.test(stages[0]?.failure ?? "") ? "refused" : "differs";
}

/** `preview create 3, up create 3, …`. */
function summary({ stages }: Outcome): string {
  return stages
    .map(({ name, changes, failure }) => {
      const counts = Object.entries(changes).map(([op, count]) => `${op} ${count}`);
      return `${name} ${failure === undefined ? counts.join(" ") || "nothing" : `fails: ${failure}`}`;
    })
    .join(", ");
}
