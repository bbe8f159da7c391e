import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "../engine/support/harness.ts";
import { TestProvider } from "../engine/support/testProvider.ts";
import { runWithProgram } from "../engine/support/withProgram.ts";
import { PROGRAMS } from "./displayProgramTable.ts";
import { PULUMI, WHY_SKIPPED } from "./support.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROJECT =
  "name: demo\nmain: index.ts\nruntime:\n  name: nodejs\n  options: { typescript: false, nodeargs: --import=tsx }\n";
const PROGRAM = `import { PROGRAMS } from ${JSON.stringify(join(ROOT, "test/official/displayProgramTable.ts"))};
export default await PROGRAMS[Number(process.env.STEP)]();
`;
const CONFIG = "config:\n  demo:greeting: hello\n";

interface Side {
  readonly folder: string;
  /** Runs a command with a step's program and gives stdout. */
  run(args: readonly string[], step: number): Promise<string>;
}

describe.skipIf(PULUMI === undefined).sequential(`both engines show the same${WHY_SKIPPED}`, () => {
  let harness: Harness;
  let provider: TestProvider;
  let folder: string;
  let ours: Side;
  let official: Side;

  beforeAll(async () => {
    harness = await Harness.create();
    provider = new TestProvider();
    await provider.start();
    folder = await mkdtemp(join(tmpdir(), "displays-"));
    await mkdir(join(folder, "backend"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "type": "module", "main": "index.ts" }');
    await writeFile(join(folder, "Pulumi.yaml"), PROJECT);
    await writeFile(join(folder, "index.ts"), PROGRAM);
    ours = {
      folder: harness.root,
      run: async (args, step) => (await runWithProgram(harness, args, PROGRAMS[step])).stdout,
    };
    official = { folder, run: (args, step) => runOfficial(folder, provider.port, args, step) };
    await harness.run(["stack", "init", "dev"]);
    await official.run(["stack", "init", "dev"], 0);
    const salted = await readFile(join(folder, "Pulumi.dev.yaml"), "utf8");
    await writeFile(join(folder, "Pulumi.dev.yaml"), salted + CONFIG);
    for (const side of [ours, official]) await side.run(["up", "--yes", "--skip-preview", "-s", "dev"], 0);
  });
  afterAll(async () => {
    await harness?.close();
    provider?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function both(args: readonly string[], step: number): Promise<readonly [string, string]> {
    return [await ours.run(args, step), await official.run(args, step)];
  }

  test.each([[[]], [["--show-sames"]], [["--show-replacement-steps"]]])(
    "`preview --json` %j",
    async (flags) => {
      const texts = await both(["preview", "--json", "-s", "dev", ...flags], 1);
      const [mine, theirs] = texts.map((text) => comparableDigest(JSON.parse(text)));
      expect(mine).toEqual(theirs);
      expect(texts[0]).not.toMatch(/before|after|s3cr3t/);
    },
  );

  test.each([[[]], [["--show-sames"]], [["--urns"]], [["--show-secrets"]]])(
    "`preview --diff` %j",
    async (flags) => {
      const texts = await both(["preview", "--diff", "--color", "never", "-s", "dev", ...flags], 1);
      const [mine, theirs] = texts.map(comparableDiff);
      expect(mine).toEqual(theirs);
    },
  );

  test("`up --json` and `--event-log`", async () => {
    const args = [
      "up",
      "--json",
      "--color",
      "never",
      "--yes",
      "--skip-preview",
      "-s",
      "dev",
      "--event-log",
      "events.jsonl",
    ];
    const texts = await both(args, 1);
    const [mine, theirs] = texts.map((text) => comparableEvents(text));
    expect(mine).toEqual(theirs);
    const logs = await Promise.all(
      [ours, official].map((side) => readFile(join(side.folder, "events.jsonl"), "utf8")),
    );
    expect(comparableEvents(logs[0] ?? "")).toEqual(comparableEvents(logs[1] ?? ""));
    expect(texts[0]).not.toMatch(/before|after|s3cr3t/);
  });
});

/** Without what differs in every run: ids of providers, times, versions of the SDK. */
function masked(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replace(/"(created|modified)": ?"[^"]*"/g, '"$1":"TIME"')
    .replace(/([a-f])-\d+/g, "$1-N");
}

interface Digest {
  readonly config: unknown;
  readonly steps: readonly { readonly urn: string; readonly op: string }[];
  readonly changeSummary: unknown;
  readonly duration: number;
}

function comparableDigest({ steps, duration, ...rest }: Digest): unknown {
  expect(duration).toBeGreaterThan(0);
  const sorted = [...steps].sort((a, b) => order(`${a.urn} ${a.op}`, `${b.urn} ${b.op}`));
  const text = JSON.stringify({ ...rest, steps: sorted });
  return JSON.parse(masked(text), (key, value) =>
    ["sourcePosition", "stackTrace", "propertyDependencies", "dependencies"].includes(key)
      ? undefined
      : value,
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The parts of the diff, each a resource's lines, in no order: steps run at once. The official CLI hides that a secret
 * has changed, and says first what it does.
 */
function comparableDiff(text: string): readonly string[] {
  const parts: string[] = [];
  const lines = masked(text)
    .replaceAll("~ secret: [secret] => [secret]", "  secret: [secret]")
    .split("\n")
    .filter((line) => !line.startsWith("Previewing update"));
  for (const line of lines) {
    const isHead = /: \([a-z-]+\)|^ *--outputs:--$|^Resources:$/.test(line);
    if (isHead || parts.length === 0) parts.push(line);
    else parts[parts.length - 1] += `\n${line}`;
  }
  return parts.sort();
}

/**
 * What each event is about. Left out are those that only one of them has: of default providers and debug messages
 * (official), and of components that are done (ours).
 */
function comparableEvents(text: string): readonly string[] {
  const events = text
    .trim()
    .split("\n")
    .filter((line) => !line.includes('"type":"pulumi:providers:test","old"'))
    .map((line) => JSON.parse(line) as EngineEvent)
    .filter(
      ({ diagnosticEvent, resOutputsEvent }) =>
        String(diagnosticEvent?.severity) !== "debug" &&
        (resOutputsEvent === undefined ||
          (resOutputsEvent.metadata.new ?? resOutputsEvent.metadata.old)?.custom),
    );
  return events
    .map(({ sequence: _, timestamp: __, ...event }) => masked(JSON.stringify(sorted(event))))
    .sort();
}

/** Keys of maps in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "durationSeconds");
  return Object.fromEntries(
    entries.sort(([a], [b]) => order(a, b)).map(([key, part]) => [key, sorted(part)]),
  );
}

function runOfficial(cwd: string, port: number, args: readonly string[], step: number): Promise<string> {
  const env = {
    ...process.env,
    STEP: String(step),
    PULUMI_HOME: join(cwd, "home"),
    PULUMI_BACKEND_URL: `file://${join(cwd, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_DEBUG_COMMANDS: "true",
    PULUMI_DEBUG_PROVIDERS: `test:${port}`,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return new Promise((resolve) => {
    const child = spawn(PULUMI ?? "", [...args, "--non-interactive"], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.on("data", (part: Buffer) => (stdout += part.toString("utf8")));
    child.once("close", () => resolve(stdout));
  });
}
