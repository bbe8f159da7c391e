import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Harness } from "../engine/support/harness.ts";
import { CONFIG_SCENARIOS, REFUSED_EDITS } from "./configScenarioTable.ts";
import { PULUMI, WHY_SKIPPED } from "./support.ts";

const FILE = "Pulumi.dev.yaml";

interface Ran {
  readonly isDone: boolean;
  readonly stdout: string;
}

/** One engine in a folder of its own. */
interface Side {
  readonly folder: string;
  run(args: readonly string[], stdin?: string): Promise<Ran>;
}

describe.skipIf(PULUMI === undefined).sequential(`both engines edit config the same${WHY_SKIPPED}`, () => {
  let harness: Harness;
  let folder: string;
  let ours: Side;
  let official: Side;

  beforeAll(async () => {
    harness = await Harness.create();
    folder = await mkdtemp(join(tmpdir(), "config-"));
    await mkdir(join(folder, "backend"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
    ours = {
      folder: harness.root,
      run: (args) =>
        harness.run(args, { PULUMI_OPTION_CONFIG_FILE: "" }).then(
          ({ stdout }) => ({ isDone: true, stdout }),
          () => ({ isDone: false, stdout: "" }),
        ),
    };
    official = { folder, run: (args) => runOfficial(folder, args) };
    for (const side of [ours, official]) await side.run(["stack", "init", "dev"]);
  });
  afterAll(async () => {
    await harness?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function both<T>(act: (side: Side) => Promise<T>): Promise<readonly [T, T]> {
    return [await act(ours), await act(official)];
  }

  test.each(Object.entries(CONFIG_SCENARIOS))("%s", async (_title, { file, commands }) => {
    const [mine, theirs] = await both(async (side) => {
      await writeFile(join(side.folder, FILE), file ?? "");
      for (const command of commands) {
        const { isDone } = await side.run(["config", ...withStack(command)]);
        expect(isDone, command.join(" ")).toBe(true);
      }
      return {
        text: withoutNonces(await readFile(join(side.folder, FILE), "utf8")),
        clear: (await side.run(["config", "--json", "--show-secrets", "--stack", "dev"])).stdout,
        blind: (await side.run(["config", "--json", "--stack", "dev"])).stdout,
        table: (await side.run(["config", "--stack", "dev"])).stdout,
      };
    });
    expect(mine.text).toBe(theirs.text);
    expect(JSON.parse(mine.clear)).toEqual(JSON.parse(theirs.clear));
    expect(JSON.parse(mine.blind)).toEqual(JSON.parse(theirs.blind));
    expect(mine.table).toBe(theirs.table);
  });

  test.each(REFUSED_EDITS.map((command) => [command]))(
    "%j is refused and the file stays",
    async (command) => {
      const { file = "" } = CONFIG_SCENARIOS["a changed value"] ?? {};
      const results = await both(async (side) => {
        await writeFile(join(side.folder, FILE), file);
        const { isDone } = await side.run(["config", ...withStack(command)]);
        return [isDone, await readFile(join(side.folder, FILE), "utf8")];
      });
      expect(results).toEqual([
        [false, file],
        [false, file],
      ]);
    },
  );

  test("a value is read as the other wrote it", async () => {
    const [mine, theirs] = await both(async (side) => {
      await writeFile(join(side.folder, FILE), CONFIG_SCENARIOS.secrets?.file ?? "");
      await side.run(["config", "set", "--secret", "--path", "tree.key", "hidden", "--stack", "dev"]);
      return await readFile(join(side.folder, FILE), "utf8");
    });
    await writeFile(join(ours.folder, FILE), theirs);
    await writeFile(join(official.folder, FILE), mine);
    for (const args of [
      ["tree", "--json"],
      ["--path", "tree.key", "--json"],
      ["--path", "tree.list[1]"],
    ]) {
      const [first, second] = await both((side) => side.run(["config", "get", ...args, "--stack", "dev"]));
      expect(first).toEqual(second);
      expect(first.isDone).toBe(true);
    }
  });
});

/** Before a `--`, which ends the flags. */
function withStack(command: readonly string[]): readonly string[] {
  const end = command.indexOf("--");
  return end === -1
    ? [...command, "--stack", "dev"]
    : [...command.slice(0, end), "--stack", "dev", ...command.slice(end)];
}

/** Nonces and salts are new each time. */
function withoutNonces(text: string): string {
  return text
    .replace(/secure: v1:\S+/g, "secure: CIPHERTEXT")
    .replace(/encryptionsalt: v1:\S+/g, "encryptionsalt: SALT");
}

function runOfficial(cwd: string, args: readonly string[]): Promise<Ran> {
  const env = {
    ...process.env,
    PULUMI_HOME: join(cwd, "home"),
    PULUMI_BACKEND_URL: `file://${join(cwd, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const end = args.indexOf("--");
  const all =
    end === -1
      ? [...args, "--non-interactive"]
      : [...args.slice(0, end), "--non-interactive", ...args.slice(end)];
  return new Promise((resolve) => {
    const child = spawn(PULUMI ?? "", all, { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.on("data", (part: Buffer) => (stdout += part.toString("utf8")));
    child.once("close", (code) => resolve({ isDone: code === 0, stdout }));
  });
}
