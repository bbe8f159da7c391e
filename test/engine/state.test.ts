import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  ConcurrentUpdateError,
  StackAlreadyExistsError,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startZombie } from "../support/zombie.ts";
import { chain } from "./support/chain.ts";
import { Harness, Thing } from "./support/harness.ts";

describe("state files", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("a new stack has Pulumi's files and no config file of its own", async () => {
    await harness.stack(chain);
    expect(Object.keys(await harness.files()).map((path) => path.slice(harness.root.length))).toEqual([
      "/backend/.pulumi/meta.yaml",
      "/backend/.pulumi/stacks/demo/dev.json",
    ]);
    const { checkpoint, version } = await harness.checkpoint();
    expect([version, checkpoint.stack, checkpoint.latest.secrets_providers]).toEqual([
      3,
      "organization/demo/dev",
      {
        type: "passphrase",
        state: { salt: "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==" },
      },
    ]);
    expect((await readdir(harness.root)).sort()).toEqual(["Pulumi.yaml", "backend", "env.yaml"]);
  });

  test("the state of before the run is kept beside the new one", async () => {
    await harness.up(async () => void new Thing("a", { value: "1" }));
    const before = await readFile(harness.checkpointPath(), "utf8");
    await harness.up(async () => void new Thing("a", { value: "2" }));
    const backup = await readFile(`${harness.checkpointPath()}.bak`, "utf8");
    expect(backup).toBe(before);
  });

  test("what a killed write left is cleared by the next run", async () => {
    await harness.up(chain);
    const before = Object.keys(await harness.files());
    for (const end of [
      ".6f1ed002-ab59-4bd2-b2a9-7b0a5a5bb6d1.tmp",
      ".bak.6f1ed002-ab59-4bd2-b2a9-7b0a5a5bb6d1.tmp",
    ])
      await writeFile(harness.checkpointPath() + end, "torn");
    await writeFile(
      harness.checkpointPath("dev.json.6f1ed002-ab59-4bd2-b2a9-7b0a5a5bb6d1.tmp"),
      "another stack's",
    );
    await harness.up(chain);
    expect(Object.keys(await harness.files()).sort()).toEqual(
      [...before, harness.checkpointPath("dev.json.6f1ed002-ab59-4bd2-b2a9-7b0a5a5bb6d1.tmp")].sort(),
    );
  });

  test("a torn, empty or foreign state is refused by name and never taken for an empty stack (F6, F7)", async () => {
    await harness.up(chain);
    await harness.up(async () => void new Thing("x"), "other");
    const path = harness.checkpointPath();
    const good = await readFile(path, "utf8");
    for (const length of [0, 1, 40, Math.floor(good.length / 2), good.length - 1]) {
      await writeFile(path, good);
      await truncate(path, length);
      const stack = harness.stack(chain);
      const expected = `the state file '${path}' is damaged`;
      await expect(stack.then((opened) => opened.up())).rejects.toThrow(expected);
      await expect(stack.then((opened) => opened.preview())).rejects.toThrow(`'${path}.bak'`);
      await expect(stack.then((opened) => opened.destroy())).rejects.toThrow(expected);
      expect((await readFile(path, "utf8")).length).toBe(length);
    }
    await writeFile(path, await readFile(harness.checkpointPath("other"), "utf8"));
    await expect((await harness.stack(chain)).destroy()).rejects.toThrow("is not of the stack 'dev'");
    await writeFile(path, good);
    expect(await harness.up(chain)).toEqual({ same: 3 });
  });

  test("a state that breaks Pulumi's integrity is refused (F8)", async () => {
    await harness.up(chain);
    const file = await harness.checkpoint();
    const resources = [...(file.checkpoint.latest.resources ?? [])].reverse();
    const broken = {
      ...file,
      checkpoint: { ...file.checkpoint, latest: { ...file.checkpoint.latest, resources } },
    };
    await writeFile(harness.checkpointPath(), JSON.stringify(broken));
    await expect((await harness.stack(chain)).up()).rejects.toThrow("snapshot integrity failure");
  });

  test("history grows with runs that change something and not with others", async () => {
    const stack = await harness.stack(chain);
    await stack.up({ message: "first" });
    await stack.up();
    await stack.destroy();
    const history = await stack.history();
    expect(
      history.map(({ kind, message, result, resourceChanges }) => ({
        kind,
        message,
        result,
        resourceChanges,
      })),
    ).toEqual([
      { kind: "destroy", message: "", result: "succeeded", resourceChanges: { delete: 3 } },
      { kind: "update", message: "first", result: "succeeded", resourceChanges: { create: 3 } },
    ]);
    expect(history[1]?.config).toEqual({ "demo:greeting": { value: "hello", secret: false } });
  });

  test("stacks are listed, selected, exported, and removed only when empty", async () => {
    const stack = await harness.stack(chain);
    await stack.up();
    expect((await stack.workspace.listStacks()).map(({ name }) => name)).toEqual(["dev"]);
    await expect(stack.workspace.selectStack("nope")).rejects.toBeInstanceOf(StackNotFoundError);
    await expect(stack.workspace.createStack("dev")).rejects.toThrow("already exists");
    await expect(stack.workspace.removeStack("dev")).rejects.toThrow("still has resources");
    await stack.destroy();
    await stack.workspace.removeStack("dev");
    expect(await stack.workspace.listStacks()).toEqual([]);
  });

  test("of several that make a stack at once one does, and none empties what is there", async () => {
    const stack = await harness.stack(chain);
    await stack.workspace.removeStack("dev");
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => stack.workspace.createStack("dev")),
    );
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = made.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(refused.every((error) => error instanceof StackAlreadyExistsError)).toBe(true);
    const paths = Object.keys(await harness.files());
    expect(paths.filter((path) => path.includes("/stacks/"))).toEqual([harness.checkpointPath()]);
  });

  test("a stack of nothing but its own entry and providers is removed without force", async () => {
    const stack = await harness.stack(async () => {
      throw new Error("refused");
    });
    await expect(stack.up()).rejects.toThrow("refused");
    expect((await harness.resources()).map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack"]);
    await stack.workspace.removeStack("dev");
    expect(await stack.workspace.listStacks()).toEqual([]);
  });

  test("a run of a stack that isn't there is told so and leaves nothing", async () => {
    const stack = await harness.stack(chain);
    await stack.workspace.removeStack("dev");
    const before = await harness.files();
    await expect(stack.up()).rejects.toBeInstanceOf(StackNotFoundError);
    await expect(stack.preview()).rejects.toBeInstanceOf(StackNotFoundError);
    expect(await harness.files()).toEqual(before);
  });

  test("an export of one stack is refused by another", async () => {
    const stack = await harness.stack(chain);
    await stack.up();
    const other = await harness.stack(chain, "other");
    await expect(other.importStack(await stack.exportStack())).rejects.toThrow("is not of the stack 'other'");
  });
});

describe("locks (F4, F5)", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  async function writeLock(content: object): Promise<string> {
    const folder = join(harness.root, "backend/.pulumi/locks/organization/demo/dev");
    await mkdir(folder, { recursive: true });
    const path = join(folder, "0b52a3b1-3a39-4c19-8b2c-111111111111.json");
    const timestamp = new Date().toISOString();
    await writeFile(
      path,
      JSON.stringify({ pid: process.pid, username: "eve", hostname: hostname(), timestamp, ...content }),
    );
    return path;
  }

  test("a live process's lock is never stolen, cancel breaks it", async () => {
    const stack = await harness.stack(chain);
    const path = await writeLock({});
    const error = await stack.up().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConcurrentUpdateError);
    expect(String(error)).toContain(`the stack is currently locked by 1 lock(s)`);
    expect(String(error)).toContain(`file://${path}: created by eve@${hostname()} (pid ${process.pid})`);
    await expect(stack.destroy()).rejects.toBeInstanceOf(ConcurrentUpdateError);
    await stack.preview();
    await stack.cancel();
    await stack.up();
  });

  test("another host's lock is never stolen", async () => {
    const stack = await harness.stack(chain);
    await writeLock({ hostname: "elsewhere", pid: 1 });
    await expect(stack.up()).rejects.toBeInstanceOf(ConcurrentUpdateError);
  });

  test("a dead process's lock is taken over with a line", async () => {
    const stack = await harness.stack(chain);
    const pid = Number(execFileSync("/bin/sh", ["-c", "echo $$"]).toString());
    await writeLock({ pid });
    const { stderr } = await stack.up();
    expect(stderr).toContain(`warning: took over the stack's lock of eve@${hostname()} (pid ${pid})`);
  });

  test("a reused pid doesn't keep a dead process's lock alive", async () => {
    const stack = await harness.stack(chain);
    await writeLock({ timestamp: "2020-01-01T00:00:00Z" });
    expect((await stack.up()).stderr).toContain("took over the stack's lock");
    await writeLock({ processStart: "1" });
    expect((await stack.preview()).stderr).toBe("");
    expect((await stack.up()).stderr).toContain("took over the stack's lock");
  });

  test.runIf(process.platform === "linux")("a dead process that nobody collected keeps no lock", async () => {
    const stack = await harness.stack(chain);
    const zombie = await startZombie();
    try {
      await writeLock({ pid: zombie.pid });
      expect((await stack.up()).stderr).toContain("took over the stack's lock");
    } finally {
      zombie.end();
    }
  });

  test("of many runs at once exactly one works, and none corrupts the state", async () => {
    await harness.stack(chain);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, async () => (await harness.stack(chain)).up()),
    );
    const won = results.filter(({ status }) => status === "fulfilled");
    expect(won.length).toBeGreaterThanOrEqual(1);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toBeInstanceOf(ConcurrentUpdateError);
    }
    expect([...harness.provider.world.keys()]).toEqual(["a-1", "b-2"]);
  });
});
