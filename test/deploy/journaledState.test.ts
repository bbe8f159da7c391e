import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isJournaled, readCheckpoint } from "../../src/deploy/checkpointFile.ts";
import { finishJournal } from "../../src/deploy/localDoors.ts";
import { Harness } from "../engine/support/harness.ts";
import { runKilledAt } from "../engine/support/killedRun.ts";

describe("a state whose run was cut off, as all but the engine see it (F1, F8)", () => {
  let harness: Harness;
  let path: string;
  beforeEach(async () => {
    harness = await Harness.create();
    path = harness.checkpointPath();
    expect(await runKilledAt(harness, "up", "create:test:index:Thing:b:after")).toBe("SIGKILL");
  });
  afterEach(() => harness.close());

  test("is read with what the journal adds, and stays as it is", async () => {
    const before = await readFile(path, "utf8");
    expect(await isJournaled(path)).toBe(true);
    const { resources = [], pending_operations: pending = [] } = await readCheckpoint(path);
    expect(resources?.map(({ urn }) => urn.split("::").at(-1))).toEqual(["demo-dev", "default_1_2_3", "a"]);
    expect(pending?.map(({ type, resource }) => [type, resource.urn.split("::").at(-1)])).toEqual([
      ["creating", "b"],
    ]);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("is finished under the stack's lock, for engines that know no journal", async () => {
    expect(await finishJournal(`file://${join(harness.root, "backend")}`, "demo", "dev")).toBe(true);
    expect(await isJournaled(path)).toBe(false);
    const { pending_operations: pending = [] } = await readCheckpoint(path);
    expect(pending?.map(({ type }) => type)).toEqual(["creating"]);
    expect(await finishJournal(`file://${join(harness.root, "backend")}`, "demo", "dev")).toBe(false);
  });
});
