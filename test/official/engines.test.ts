import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COMMANDS, GLOBAL } from "../../src/engine/commandTable.ts";
import type { Resource } from "../engine/support/harness.ts";
import { Harness } from "../engine/support/harness.ts";
import { PARTIAL_SCENARIOS } from "../engine/support/partialScenarios.ts";
import { type RunSettings, SCENARIOS, type ScenarioStep } from "../engine/support/scenarios.ts";
import { TestProvider } from "../engine/support/testProvider.ts";
import { PULUMI, WHY_SKIPPED } from "./support.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROJECT =
  "name: demo\nmain: index.ts\nruntime:\n  name: nodejs\n  options: { typescript: false, nodeargs: --import=tsx }\n";
const PROGRAM = `import { SCENARIOS } from ${JSON.stringify(join(ROOT, "test/engine/support/scenarios.ts"))};
SCENARIOS[process.env.SCENARIO][Number(process.env.STEP)].program();
`;

/** What a step did: whether it succeeded, what it changed, what it left. */
interface Outcome {
  readonly step: number;
  readonly isDone: boolean;
  readonly calls: readonly string[];
  readonly resources: readonly object[];
  readonly features: unknown;
  readonly pending: unknown;
}

type Run = (command: string, step: number) => Promise<boolean>;

describe.skipIf(PULUMI === undefined).sequential(`both engines do the same${WHY_SKIPPED}`, () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "engines-"));
    await mkdir(join(folder, "backend"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "type": "module", "main": "index.ts" }');
    await writeFile(join(folder, "Pulumi.yaml"), PROJECT);
    await writeFile(join(folder, "index.ts"), PROGRAM);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Runs a scenario step by step and notes each outcome. */
  async function play(
    name: string,
    provider: TestProvider,
    run: Run,
    checkpoint: string,
  ): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    provider.countsByName = true;
    for (const [index, step] of (SCENARIOS[name] ?? []).entries()) {
      if ("world" in step) {
        step.world(provider);
        continue;
      }
      provider.calls.length = 0;
      const isDone = await run(step.run, index);
      outcomes.push({
        step: index,
        isDone,
        calls: callsOf(name, step, provider),
        ...(await readState(checkpoint)),
      });
    }
    provider.stop();
    return outcomes;
  }

  async function playEmbedded(name: string): Promise<Outcome[]> {
    const harness = await Harness.create();
    const run: Run = async (command, index) => {
      const step = SCENARIOS[name]?.[index];
      const stack = await harness.stack(async () =>
        step !== undefined && "run" in step ? step.program() : undefined,
      );
      return await stack[command as "up"]({ ...settingsOf(step) }).then(
        () => true,
        () => false,
      );
    };
    const outcomes = await play(name, harness.provider, run, harness.checkpointPath());
    await harness.close();
    return outcomes;
  }

  async function playOfficial(name: string): Promise<Outcome[]> {
    const provider = new TestProvider();
    await provider.start();
    const environment = {
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "local",
      PULUMI_DEBUG_PROVIDERS: `test:${provider.port}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_OPTION_RUN_PROGRAM: "false",
    };
    const pulumi = (args: readonly string[], variables: object = {}): Promise<boolean> =>
      new Promise((resolve) => {
        const env = { ...process.env, ...environment, ...variables };
        execFile(PULUMI ?? "", [...args, "--non-interactive"], { cwd: folder, env }, (error) =>
          resolve(error === null),
        );
      });
    await pulumi(["stack", "init", "dev"]);
    const run: Run = (command, index) => {
      const flags = [
        ...flagsOf(SCENARIOS[name]?.[index]),
        ...(command === "preview" ? [] : ["--yes", "--skip-preview"]),
      ];
      const variables = { SCENARIO: name, STEP: String(index) };
      const { PULUMI_OPTION_RUN_PROGRAM: _, ...withProgram } = environment;
      const isProgram = command === "up" || command === "preview";
      return pulumi([command, "-s", "dev", ...flags], { ...variables, ...(isProgram ? withProgram : {}) });
    };
    return await play(name, provider, run, join(folder, "backend/.pulumi/stacks/demo/dev.json"));
  }

  test.each(Object.keys(SCENARIOS))("%s", async (name) => {
    const embedded = await playEmbedded(name);
    expect(embedded.map(({ isDone }) => isDone)).toEqual(expectedResults(name));
    expect(embedded).toEqual(await playOfficial(name));
  });
});

describe.skipIf(PULUMI === undefined)(`the tables of the embedded engine${WHY_SKIPPED}`, () => {
  test.each(Object.entries(COMMANDS))(
    "`%s`: every flag of the official help is done or refused by name",
    (name, row) => {
      const known = [row, GLOBAL].flatMap(({ flags, refused }) => [...Object.keys(flags), ...refused]);
      const help = execFileSync(PULUMI ?? "", [...name.split(" "), "--help"], {
        encoding: "utf8",
        env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
      const flags = [...help.slice(help.indexOf("\nFlags:")).matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)];
      const missing = flags
        .map(([, flag = ""]) => flag)
        .filter((flag) => !known.includes(flag) && flag !== "--help");
      expect(missing).toEqual([]);
    },
  );
});

function expectedResults(name: string): readonly boolean[] {
  return (SCENARIOS[name] ?? []).flatMap((step) => ("run" in step ? [step.fails !== true] : []));
}

async function readState(path: string): Promise<Pick<Outcome, "resources" | "features" | "pending">> {
  const file = JSON.parse(await readFile(path, "utf8")) as {
    features?: unknown;
    checkpoint: { latest: { resources?: Resource[]; pending_operations?: unknown[] } };
  };
  const { resources = [], pending_operations: pending = [] } = file.checkpoint.latest;
  return { features: file.features, pending, resources: resources.map(comparable).sort(byUrn) };
}

interface Edges {
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Record<string, readonly string[]>;
}

function settingsOf(step: ScenarioStep | undefined): RunSettings {
  return step !== undefined && "run" in step ? (step.settings ?? {}) : {};
}

/** `{ excludeProtected: true, target: ["a", "b"] }` as `--exclude-protected --target a --target b`. */
function flagsOf(step: ScenarioStep | undefined): readonly string[] {
  return Object.entries(settingsOf(step)).flatMap(([name, value]: [string, boolean | readonly string[]]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return typeof value === "boolean" ? [flag] : value.flatMap((text) => [flag, text]);
  });
}

/** Reads of a refresh come in no order, nor do the resources of programs in which several need nothing. */
function callsOf(name: string, step: ScenarioStep, { log }: TestProvider): readonly string[] {
  const isRefresh = settingsOf(step).refresh === true || ("run" in step && step.run === "refresh");
  return isRefresh || name in PARTIAL_SCENARIOS ? [...log].sort() : log;
}

function byUrn(left: { urn?: unknown; id?: unknown }, right: { urn?: unknown; id?: unknown }): number {
  return `${left.urn} ${left.id}` < `${right.urn} ${right.id}` ? -1 : 1;
}

/** A resource without what differs in every run: times, source positions, provider ids, nonces. */
function comparable(resource: Resource): { urn?: unknown; id?: unknown } {
  const { created: _, modified: __, sourcePosition: ___, stackTrace: ____, ...kept } = resource;
  const { propertyDependencies = {}, dependencies, ...rest } = kept as Edges;
  const edges = Object.entries(propertyDependencies).filter(([, urns]) => urns.length > 0);
  const text = JSON.stringify({ ...rest, dependencies: [...(dependencies ?? [])].sort(), edges })
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replace(/"ciphertext":"[^"]*"/g, '"ciphertext":"X"');
  return JSON.parse(text) as object;
}
