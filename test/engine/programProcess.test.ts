import { spawn } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { splitWords } from "../../src/engine/nodeOptions.ts";
import { Harness, names } from "./support/harness.ts";

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const CHILD = fileURLToPath(new URL("support/commandChild.ts", import.meta.url));
const JAVASCRIPT = "runtime: { name: nodejs, options: { typescript: false } }\n";
const THING = `const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, inputs, options) {
    super("test:index:Thing", name, { made: undefined, ...inputs }, { version: "1.2.3", ...options });
  }
}
`;
/** Notes its own pid and that of a child that never ends. */
const PARENT = `const child = require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" });
require("node:fs").writeFileSync("pids", process.pid + "\\n" + child.pid);
child.unref();
`;
/** The same, and never ends itself. */
const ENDLESS = `${PARENT}setInterval(() => undefined, 1000);
`;

describe("a program in a process of its own", () => {
  let harness: Harness;
  const events: EngineEvent[] = [];
  beforeEach(async () => {
    harness = await Harness.create();
    await symlink(MODULES, join(harness.root, "node_modules"));
    await write("package.json", "{}");
    await write("Pulumi.yaml", `name: demo\n${JAVASCRIPT}`);
    events.length = 0;
  });
  afterEach(() => harness.close());

  const write = (name: string, text: string): Promise<void> => writeFile(join(harness.root, name), text);

  /** The stack as the Automation API has it for a program that is no function of its caller. */
  async function project(): Promise<Stack> {
    const options = { pulumiCommand: harness.command, envVars: harness.environment };
    return await LocalWorkspace.createOrSelectStack({ stackName: "dev", workDir: harness.root }, options);
  }

  const onEvent = (event: EngineEvent): void => void events.push(event);
  const diagnostics = (): readonly string[] =>
    events.flatMap(({ diagnosticEvent: each }) => (each ? [`${each.severity} ${each.message.trim()}`] : []));

  async function untilGone(): Promise<void> {
    const pids = (await readFile(join(harness.root, "pids"), "utf8")).split("\n").map(Number);
    expect(pids).toHaveLength(2);
    for (let turn = 0; turn < 100 && pids.some(isRunning); turn++) await delay(20);
    expect(pids.filter(isRunning)).toEqual([]);
  }

  test("is told its stack, its config and what it is run for", async () => {
    await write(
      "env.yaml",
      `${await readFile(join(harness.root, "env.yaml"), "utf8")}  demo:list: [1, 2]\n  other:key: "5"\n`,
    );
    await write(
      "index.js",
      `${THING}const config = new pulumi.Config();
exports.told = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), pulumi.runtime.isDryRun()];
exports.config = [config.require("greeting"), config.requireObject("list"), new pulumi.Config("other").get("key")];
exports.folders = [process.cwd(), pulumi.getRootDirectory(), process.env.FROM_OUTSIDE];
exports.made = new Thing("a", { value: "one" }).made;
exports.hidden = pulumi.secret("s");
`,
    );
    const stack = await project();
    stack.workspace.envVars.FROM_OUTSIDE = "yes";
    expect((await stack.preview()).changeSummary).toEqual({ create: 2 });
    const { outputs, summary } = await stack.up();
    expect(summary.resourceChanges).toEqual({ create: 2 });
    expect(outputs).toEqual({
      told: { value: ["organization", "demo", "dev", false], secret: false },
      config: { value: ["hello", [1, 2], "5"], secret: false },
      folders: { value: [harness.root, harness.root, "yes"], secret: false },
      made: { value: "made a", secret: false },
      hidden: { value: "s", secret: true },
    });
    await stack.up({ expectNoChanges: true });
  });

  test("`main` names its file, `nodeargs` what Node is told", async () => {
    await mkdir(join(harness.root, "my program"));
    await write(
      "Pulumi.yaml",
      `name: demo\nmain: my program/main.ts\nruntime:\n  name: nodejs\n  options: { typescript: false, nodeargs: --import=tsx --title='a b' }\n`,
    );
    await write("my program/package.json", '{ "type": "module" }');
    await write(
      "my program/main.ts",
      "import { getStack } from '@pulumi/pulumi';\nconst title: string = process.title;\nexport const told = [title, getStack(), process.cwd()];\nawait Promise.resolve();\n",
    );
    const { outputs } = await (await project()).up();
    expect(outputs.told?.value).toEqual(["a b", "dev", join(harness.root, "my program")]);
  });

  test("TypeScript is the SDK's to load unless it is told not to", async () => {
    await write("Pulumi.yaml", "name: demo\nruntime: nodejs\n");
    await write("index.js", "exports.asked = process.env.PULUMI_NODEJS_TYPESCRIPT;");
    expect((await (await project()).up()).outputs.asked?.value).toBe("true");
  });

  test("what it prints is told, and is no error", async () => {
    await write("index.js", "console.log('one\\n\\ntwo');\nprocess.stderr.write('three');\n");
    await (await project()).up({ onEvent });
    expect(diagnostics().toSorted()).toEqual(["info one", "info two", "info#err three"].toSorted());
  });

  test("an exit code fails the run, and nothing is deleted", async () => {
    await write("index.js", `${THING}new Thing("a", {});`);
    await (await project()).up();
    await write("index.js", "process.exit(3);");
    await expect((await project()).up({ onEvent })).rejects.toThrow("code: 255");
    expect(diagnostics()).toEqual([
      "error an unhandled error occurred: Program exited with non-zero exit code: 3",
    ]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
  });

  test("an error that it told itself is told once", async () => {
    await write("index.js", `${THING}pulumi.log.error("no such plan"); process.exitCode = 32;`);
    await expect((await project()).up({ onEvent })).rejects.toThrow("code: 255");
    expect(diagnostics()).toEqual(["error no such plan"]);
  });

  test("one that waits for what failed is ended", async () => {
    harness.provider.failures.set("create:a", "no room");
    await write("index.js", `${THING}${ENDLESS}new Thing("a", {});`);
    await expect((await project()).up({ onEvent })).rejects.toThrow("no room");
    await untilGone();
  });

  test("a signal ends it and what it started", async () => {
    await write("index.js", `${THING}${ENDLESS}new Thing("a", {});`);
    const controller = new AbortController();
    harness.provider.hook = (method) => {
      if (method === "create") controller.abort();
    };
    await expect((await project()).up({ signal: controller.signal })).rejects.toThrow("update canceled");
    await untilGone();
    expect(names(await harness.resources())).toContain("a");
  });

  test("it does not outlive an engine that is killed", async () => {
    await write("index.js", `${THING}${ENDLESS}new Thing("a", {});`);
    await project();
    const args = [harness.root, "create:test:index:Thing:a:before", "up", "--stack", "dev", "--yes"];
    const engine = spawn(process.execPath, ["--import", "tsx", CHILD, ...args], {
      env: { ...process.env, ...harness.environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
    expect(await new Promise((resolve) => engine.once("exit", (_, signal) => resolve(signal)))).toBe(
      "SIGKILL",
    );
    await untilGone();
  });

  test("what it leaves running ends with it", async () => {
    await write("index.js", PARENT);
    await (await project()).up();
    await untilGone();
  });

  test("a destroy runs it when it is told to", async () => {
    await write("index.js", `${THING}new Thing("a", {}, { protect: process.env.GUARD === "yes" });`);
    const stack = await project();
    stack.workspace.envVars.GUARD = "yes";
    await stack.up();
    await expect(stack.destroy()).rejects.toThrow("protected");
    stack.workspace.envVars.GUARD = "no";
    await stack.destroy({ runProgram: true });
    expect(harness.provider.world.size).toBe(0);
  });

  test.each([
    ["name: demo\nruntime: python\n", 2, "the runtime 'python'"],
    ["name: demo\n", 255, "has no 'runtime'"],
    ["name: demo\nmain: nowhere\nruntime: nodejs\n", 255, "project 'main' could not be read"],
    ["name: demo\nruntime: { name: nodejs, options: { typescript: no-way } }\n", 255, "must be a boolean"],
    [
      'name: demo\nruntime: { name: nodejs, options: { nodeargs: "\'" } }\n',
      255,
      "a quote that isn't closed",
    ],
  ])("%j is refused", async (text, code, message) => {
    await project();
    await write("Pulumi.yaml", text);
    const run = harness.run(["up", "--stack", "dev", "--yes"]);
    await expect(run).rejects.toThrow(`code: ${code}`);
    await expect(run).rejects.toThrow(message);
  });

  test("a project without the SDK is told so", async () => {
    await write("Pulumi.yaml", `name: demo\nmain: /\n${JAVASCRIPT}`);
    await harness.run(["stack", "init", "dev"]);
    await expect(harness.run(["up", "--stack", "dev"])).rejects.toThrow("the Pulumi SDK is not installed");
  });

  test("arguments are split as a shell does it", () => {
    expect(splitWords(` --a  'b c'd "e \\" f" g\\ h '' `)).toEqual(["--a", "b cd", 'e " f', "g h", ""]);
    expect(splitWords("")).toEqual([]);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
