import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { createEmbeddedCommand } from "../../src/engine/index.ts";
import type { CheckpointFile } from "../engine/support/harness.ts";
import { type Json, TestProvider } from "../engine/support/testProvider.ts";
import { PULUMI } from "./support.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CHILD = join(ROOT, "test/engine/support/commandChild.ts");
/** Belongs to the passphrase "local". */
const SALT = "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==";

/** The second version replaces `a` and with it updates `b`, replaces `c` deleting it first, creates `d`, deletes `e`. */
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, inputs, options) {
    super("test:index:Thing", name, { made: undefined, ...inputs }, { version: "1.2.3", ...options });
  }
}
const version = process.env.VERSION;
const a = new Thing("a", { key: version });
const b = new Thing("b", { value: a.id });
new Thing("c", { dbr: version, hidden: pulumi.secret("s") }, { dependsOn: [b] });
if (version === "2") new Thing("d", { value: b.made });
else new Thing("e", { value: b.made });
exports.id = a.id;
`;

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** A stack that both engines work on, with its own program and a provider whose world this process sees. */
export class CrashBench {
  readonly provider = new TestProvider();
  readonly root: string;
  #onPoint: (point: string) => void = () => undefined;
  readonly #command = createEmbeddedCommand({ onPoint: (point) => this.#onPoint(point) }) as unknown as {
    run(args: readonly string[], cwd: string, environment: object): Promise<{ stdout: string }>;
  };
  #first: Map<string, Json> = new Map();

  private constructor(root: string) {
    this.root = root;
  }

  /** Makes the stack's first version. */
  static async open(): Promise<CrashBench> {
    const bench = new CrashBench(await mkdtemp(join(tmpdir(), "engine-crash-")));
    await bench.provider.start();
    await symlink(join(ROOT, "node_modules"), join(bench.root, "node_modules"));
    await mkdir(join(bench.root, "backend"));
    await mkdir(join(bench.root, "other"));
    const options = "{ typescript: false }";
    await bench.#write("Pulumi.yaml", `name: demo\nruntime: { name: nodejs, options: ${options} }\n`);
    await bench.#write("Pulumi.dev.yaml", `encryptionsalt: ${SALT}\n`);
    await bench.#write("package.json", "{}");
    await bench.#write("index.js", PROGRAM);
    await bench.official(["stack", "init", "dev"]);
    await bench.embedded(["up", ...RUN], "1");
    await cp(join(bench.root, "backend"), join(bench.root, "first"), { recursive: true });
    bench.#first = new Map(bench.provider.world);
    return bench;
  }

  async close(): Promise<void> {
    this.provider.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  /** Stack and world as they were after the first version. */
  async reset(): Promise<void> {
    await rm(join(this.root, "backend"), { recursive: true, force: true });
    await cp(join(this.root, "first"), join(this.root, "backend"), { recursive: true });
    await rm(join(this.root, "other"), { recursive: true, force: true });
    await mkdir(join(this.root, "other"));
    this.provider.reset();
    this.provider.world.clear();
    for (const [id, inputs] of this.#first) this.provider.world.set(id, inputs);
  }

  /** Runs the embedded engine in this process; throws with what it printed when it fails. */
  async embedded(args: readonly string[], version = "2", backend = "backend"): Promise<void> {
    await this.#command.run(args, this.root, this.#variables(version, backend));
  }

  /** The same, telling each named moment. */
  async watched(args: readonly string[], onPoint: (point: string) => void): Promise<void> {
    this.#onPoint = onPoint;
    await this.embedded(args);
    this.#onPoint = () => undefined;
  }

  /** Runs the bare official CLI; fails the test with what it printed when it fails. */
  async official(args: readonly string[], version = "2", backend = "backend"): Promise<void> {
    const ended = await this.officialEnd(args, version, backend);
    expect(ended, `pulumi ${args.join(" ")}\n${ended.text}`).toMatchObject({ code: 0 });
  }

  async officialEnd(args: readonly string[], version = "2", backend = "backend"): Promise<Ended> {
    const env = { ...process.env, ...this.#variables(version, backend) };
    return await new Promise((resolve) => {
      const options = { cwd: this.root, env };
      execFile(PULUMI ?? "", [...args, "--non-interactive"], options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), text: stdout + stderr }),
      );
    });
  }

  /** The second version's `up` by the embedded engine, in a process that kills itself at a point; the signal it ended by. */
  async embeddedKilledAt(point: string): Promise<NodeJS.Signals | number | null> {
    const args = ["--import", "tsx", CHILD, this.root, point, "up", ...RUN];
    const env = { ...process.env, ...this.#variables("2", "backend") };
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit"] });
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(signal ?? code));
    });
  }

  /** The second version's `up` by the official CLI, killed inside the n-th call of the provider that changes something. */
  async officialKilledIn(call: number, moment: "before" | "after"): Promise<NodeJS.Signals | number | null> {
    const env = { ...process.env, ...this.#variables("2", "backend") };
    const child = spawn(PULUMI ?? "", ["up", ...RUN, "--non-interactive", "--parallel", "1"], {
      cwd: this.root,
      env,
      stdio: "ignore",
    });
    let calls = 0;
    const count = async (method: string): Promise<void> => {
      if (!["create", "update", "delete"].includes(method) || ++calls !== call) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      // What is cut off before it took effect never does.
      if (moment === "before") throw new Error("the engine is gone");
    };
    if (moment === "before") this.provider.hook = count;
    else this.provider.afterEffect = count;
    const end = await new Promise<NodeJS.Signals | number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(signal ?? code));
    });
    this.provider.reset();
    return end;
  }

  async checkpoint(backend = "backend"): Promise<CheckpointFile> {
    const path = join(this.root, backend, ".pulumi/stacks/demo/dev.json");
    return JSON.parse(await readFile(path, "utf8")) as CheckpointFile;
  }

  /** `creating d`, …: what the state says was cut off. */
  async pending(backend = "backend"): Promise<readonly string[]> {
    const { pending_operations: operations = [] } = (await this.checkpoint(backend)).checkpoint.latest;
    return operations.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`);
  }

  /** Ids in the world that no resource of the state has. */
  async orphans(backend = "backend"): Promise<readonly string[]> {
    const { resources = [] } = (await this.checkpoint(backend)).checkpoint.latest;
    const owned = new Set(resources.map(({ id }) => id));
    return [...this.provider.world.keys()].filter((id) => !owned.has(id));
  }

  #write(name: string, text: string): Promise<void> {
    return writeFile(join(this.root, name), text);
  }

  #variables(version: string, backend: string): Record<string, string> {
    return {
      VERSION: version,
      PULUMI_HOME: join(this.root, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.root, backend)}`,
      PULUMI_CONFIG_PASSPHRASE: "local",
      PULUMI_DEBUG_PROVIDERS: `test:${this.provider.port}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }
}

/** Flags of a run that asks nothing. */
export const RUN = ["--stack", "dev", "--yes", "--skip-preview"];

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
