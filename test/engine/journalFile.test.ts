import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { JOURNAL_FEATURE, snapshotFromJson } from "../../src/engine/checkpoint.ts";
import { verifyIntegrity } from "../../src/engine/snapshot.ts";
import { readStateFile } from "../../src/engine/stateFile.ts";
import { chain } from "./support/chain.ts";
import { Harness, names } from "./support/harness.ts";
import { runKilledAt } from "./support/killedRun.ts";

describe("the journal of a run that was cut off (F1, F8)", () => {
  let harness: Harness;
  let path: string;
  beforeEach(async () => {
    harness = await Harness.create();
    path = harness.checkpointPath();
  });
  afterEach(() => harness.close());

  const journal = (): Promise<string> => readFile(`${path}.journal`, "utf8");

  /** An `up` of the chain, cut off when all was saved; gives the journal's bytes. */
  async function cutOff(): Promise<Buffer> {
    expect(await runKilledAt(harness, "up", "state:fold:before")).toBe("SIGKILL");
    return await readFile(`${path}.journal`);
  }

  test("cut anywhere, it makes a valid state of what was saved until then", async () => {
    const whole = await cutOff();
    const header = whole.indexOf("\n") + 1;
    let known = 0;
    for (let length = header; length <= whole.length; length++) {
      await writeFile(`${path}.journal`, whole.subarray(0, length));
      const file = await readStateFile(path);
      const { resources } = snapshotFromJson(file?.state.deployment ?? {}, undefined);
      verifyIntegrity(resources);
      expect(resources.length).toBeGreaterThanOrEqual(known);
      known = resources.length;
    }
    expect(known).toBe(4);
  });

  test("the next run goes on from each of its lines and ends it", async () => {
    const whole = (await cutOff()).toString("utf8");
    const lines = whole.split("\n").slice(0, -1);
    const copy = join(harness.root, "copy");
    await cp(join(harness.root, "backend"), copy, { recursive: true });
    for (let count = 1; count <= lines.length; count++) {
      await rm(join(harness.root, "backend"), { recursive: true });
      await cp(copy, join(harness.root, "backend"), { recursive: true });
      await writeFile(`${path}.journal`, `${lines.slice(0, count).join("\n")}\n`);
      const stack = await harness.stack(chain);
      const { stderr } = await stack.up();
      expect(stderr).toContain("finished the state of a run that was cut off, from its journal");
      expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
      expect(await harness.preview(chain)).toEqual({ same: 3 });
      await expect(journal()).rejects.toThrow("ENOENT");
    }
  });

  test("until then readers see the whole state, and files stay as they are", async () => {
    const before = await cutOff();
    const checkpoint = await readFile(path, "utf8");
    expect(JSON.parse(checkpoint).features).toEqual([JOURNAL_FEATURE]);
    const { stdout } = await harness.run(["stack", "export", "--stack", "dev"]);
    const exported = JSON.parse(stdout);
    expect(exported.features).toBeUndefined();
    expect(names(exported.deployment.resources)).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
    const outputs = await harness.run(["stack", "output", "--json", "--stack", "dev"]);
    expect(JSON.parse(outputs.stdout)).toEqual({ made: "made b" });
    expect(await harness.preview(chain)).toEqual({ same: 3 });
    expect(await readFile(path, "utf8")).toBe(checkpoint);
    expect(await readFile(`${path}.journal`)).toEqual(before);
  });

  test("`cancel` puts it into the checkpoint, for an engine that doesn't know journals", async () => {
    await cutOff();
    await harness.run(["cancel", "--yes", "--stack", "dev"]);
    const checkpoint = JSON.parse(await readFile(path, "utf8"));
    expect([checkpoint.version, checkpoint.features]).toEqual([3, undefined]);
    expect(names(checkpoint.checkpoint.latest.resources)).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
    await expect(journal()).rejects.toThrow("ENOENT");
  });

  test("`cancel` leaves the journal of a run that lives alone", async () => {
    let seen = "";
    harness.provider.hook = async (method, name) => {
      if (method !== "create" || name !== "b") return;
      await harness.run(["cancel", "--yes", "--stack", "dev"]);
      seen = await journal();
    };
    await (await harness.stack(chain)).up();
    expect(seen.split("\n").length).toBeGreaterThan(3);
    expect(await harness.preview(chain)).toEqual({ same: 3 });
  });

  test("one whose run never came to its first save says nothing and is taken away", async () => {
    await harness.up(chain);
    const before = await readFile(path, "utf8");
    await writeFile(`${path}.journal`, "00000000 torn");
    expect(await harness.preview(chain)).toEqual({ same: 3 });
    await harness.up(chain);
    expect(await readFile(path, "utf8")).toBe(before);
    await expect(journal()).rejects.toThrow("ENOENT");
  });

  test("missing, changed or another stack's, it is refused by name and nothing is touched (F6)", async () => {
    const whole = (await cutOff()).toString("utf8");
    const before = await readFile(path, "utf8");
    const stack = await harness.stack(chain);
    const wrong: readonly (readonly [string | undefined, string])[] = [
      [undefined, "it is missing"],
      ["", "it is not the journal of the checkpoint beside it"],
      [whole.replace("made a", "made c"), "is not what was written"],
      [whole.replace(/^.*\n/, ""), "it is not the journal of the checkpoint beside it"],
      [whole.replace(/\n.*\n/, "\n"), "entry 1 is missing"],
    ];
    for (const [text, reason] of wrong) {
      if (text === undefined) await rm(`${path}.journal`);
      else await writeFile(`${path}.journal`, text);
      for (const run of [() => stack.preview(), () => stack.up(), () => stack.exportStack()])
        await expect(run()).rejects.toThrow(`the state file '${path}.journal' is damaged`);
      await expect(stack.up()).rejects.toThrow(reason);
      expect(await readFile(path, "utf8")).toBe(before);
    }
    expect(harness.provider.log).toEqual(["create a", "create b"]);
  });

  test("whoever reads while a run writes sees whole states", async () => {
    const seen: number[] = [];
    let isDone = false;
    const reading = (async () => {
      while (!isDone) {
        const file = await readStateFile(path);
        const resources = file?.state.deployment.resources ?? [];
        verifyIntegrity(snapshotFromJson({ resources }, undefined).resources);
        seen.push(resources.length);
      }
    })();
    await harness.up(chain);
    isDone = true;
    await reading;
    expect(Math.max(...seen)).toBeLessThanOrEqual(4);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test("a stack that is removed leaves none", async () => {
    await cutOff();
    await harness.run(["stack", "rm", "--yes", "--force", "dev"]);
    await expect(journal()).rejects.toThrow("ENOENT");
  });
});
