import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { TestProvider } from "../test/engine/support/testProvider.ts";
import { SALT } from "./engine.ts";

const ROOT = resolve(import.meta.dirname, "..");
const STACKS = 6;
const AT_ONCE = 2;
const run = promisify(execFile);

const PROGRAM = `const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, inputs) { super("test:index:Thing", name, { made: undefined, ...inputs }); }
}
let before;
for (let index = 0; index < 7; index += 1) {
  const thing = new Thing("thing-" + index, { value: pulumi.getStack() + index, ...(before === undefined ? {} : { before }) });
  before = index % 6 === 5 ? undefined : thing.made;
}
`;

/** The same stacks with the official CLI, where PATH has one; ms of wall time a stack and phase. */
export async function measureOfficialStacks(): Promise<Readonly<Record<string, number>> | undefined> {
  if (!hasOfficial()) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "official-bench-"));
  const provider = new TestProvider();
  await provider.start();
  try {
    await mkdir(join(folder, "backend"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "package.json"), '{ "main": "index.js" }');
    await writeFile(
      join(folder, "Pulumi.yaml"),
      "name: bench\nruntime: { name: nodejs, options: { typescript: false } }\n",
    );
    await writeFile(join(folder, "index.js"), PROGRAM);
    return await measurePhases(folder, provider.port);
  } finally {
    provider.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measurePhases(folder: string, port: number): Promise<Readonly<Record<string, number>>> {
  const env = {
    ...process.env,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_DEBUG_PROVIDERS: `test:${port}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const pulumi = (args: readonly string[]) =>
    run("pulumi", [...args, "--non-interactive"], { cwd: folder, env });
  const names = Array.from({ length: STACKS }, (_, index) => `s${index}`);
  const over = async (args: readonly string[]): Promise<number> => {
    const startedAt = performance.now();
    const queue = [...names];
    const drain = async (): Promise<void> => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift())
        await pulumi([...args, "--stack", name]);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, drain));
    return (performance.now() - startedAt) / STACKS;
  };
  for (const name of names) {
    await writeFile(join(folder, `Pulumi.${name}.yaml`), `encryptionsalt: ${SALT}\n`);
    await pulumi(["stack", "init", name]);
  }
  const change = ["--yes", "--skip-preview"];
  return {
    up: await over(["up", ...change]),
    preview: await over(["preview"]),
    noop: await over(["up", ...change]),
    destroy: await over(["destroy", ...change]),
  };
}

/** Whether PATH has the official CLI. */
export function hasOfficial(): boolean {
  try {
    execFileSync("pulumi", ["version"], {
      stdio: "ignore",
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
