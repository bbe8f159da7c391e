import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain } from "./support/chain.ts";
import { Harness, names } from "./support/harness.ts";
import { runKilledAt } from "./support/killedRun.ts";

describe("interrupted runs (F1, F2, F4)", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  async function pending(): Promise<readonly string[]> {
    const { pending_operations: operations = [] } = (await harness.checkpoint()).checkpoint.latest;
    return operations.map(({ type, resource }) => `${type} ${names([resource])[0]}`);
  }

  test("every point of an up and a destroy is named, in order", async () => {
    const stack = await harness.stack(chain);
    await stack.up();
    expect(harness.points).toEqual([
      ...[
        "state:init:before",
        "state:init:after",
        "state:1:before",
        "state:1:after",
        "state:2:before",
        "state:2:after",
      ],
      ...[
        "state:3:before",
        "state:3:after",
        "create:test:index:Thing:a:before",
        "create:test:index:Thing:a:after",
      ],
      ...["state:4:before", "state:4:after", "state:5:before", "state:5:after"],
      ...[
        "create:test:index:Thing:b:before",
        "create:test:index:Thing:b:after",
        "state:6:before",
        "state:6:after",
      ],
      ...["state:7:before", "state:7:after", "state:fold:before", "state:fold:after"],
    ]);
    harness.points.length = 0;
    await stack.destroy();
    expect(harness.points.filter((point) => !point.startsWith("state:"))).toEqual([
      ...["delete:test:index:Thing:b:before", "delete:test:index:Thing:b:after"],
      ...["delete:test:index:Thing:a:before", "delete:test:index:Thing:a:after"],
    ]);
  });

  test("a kill before a create leaves its intent, and the dead process's lock is taken over", async () => {
    expect(await runKilledAt(harness, "up", "create:test:index:Thing:a:before")).toBe("SIGKILL");
    expect(await pending()).toEqual(["creating a"]);
    const stack = await harness.stack(chain);
    const { stderr } = await stack.up();
    expect(stderr).toMatch(
      /^warning: took over the stack's lock of .* \(pid \d+\) at .*: that process has ended$/m,
    );
    expect(stderr).toContain("::a, interrupted while creating");
    expect(harness.provider.log).toEqual(["create a", "create b"]);
  });

  test("a kill after a create leaves its intent, which stays until it is resolved", async () => {
    expect(await runKilledAt(harness, "up", "create:test:index:Thing:a:after")).toBe("SIGKILL");
    const stack = await harness.stack(chain);
    const exported = await stack.exportStack();
    const { pending_operations: operations, resources } = exported.deployment;
    expect(operations.map(({ type }: { type: string }) => type)).toEqual(["creating"]);
    const [adopted] = operations.map(({ resource }: { resource: object }) => ({
      ...resource,
      id: "a-1",
      outputs: { value: "one", made: "made a" },
    }));
    await stack.importStack({
      ...exported,
      deployment: {
        ...exported.deployment,
        resources: [...resources, adopted],
        pending_operations: undefined,
      },
    });
    harness.provider.reset();
    await stack.up();
    expect(harness.provider.log).toEqual(["create b"]);
    expect(await pending()).toEqual([]);
  });

  test("an unresolved pending create is carried along", async () => {
    await runKilledAt(harness, "up", "create:test:index:Thing:a:after");
    await (await harness.stack(chain)).up();
    expect(await pending()).toEqual(["creating a"]);
  });

  test("a kill inside a state write leaves the old or the new state, never a torn one", async () => {
    const points = ["state:1:before", "state:1:after", "state:3:before", "state:4:after"];
    for (const point of [...points, "state:fold:before", "state:fold:after"]) {
      expect(await runKilledAt(harness, "up", point)).toBe("SIGKILL");
      await (await harness.stack(chain)).up();
      expect((await harness.resources()).length).toBe(4);
      await harness.run(["stack", "rm", "--yes", "--force", "dev"]);
    }
  });

  test("a kill inside a destroy is finished by the next one", async () => {
    await (await harness.stack(chain)).up();
    expect(await runKilledAt(harness, "destroy", "delete:test:index:Thing:b:after")).toBe("SIGKILL");
    expect(await pending()).toEqual(["deleting b"]);
    await (await harness.stack(chain)).destroy();
    expect(await harness.resources()).toEqual([]);
    expect(harness.provider.world.size).toBe(0);
    expect(await pending()).toEqual([]);
  });

  test("a signal finishes the running step, stores it, unlocks and fails the run (F9)", async () => {
    const controller = new AbortController();
    harness.provider.hook = async (method, name) => {
      if (method !== "create" || name !== "a") return;
      controller.abort();
      await delay(100);
    };
    const stack = await harness.stack(chain);
    await expect(stack.up({ signal: controller.signal })).rejects.toThrow("update canceled");
    expect(harness.provider.log).toEqual(["create a"]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
    expect(await pending()).toEqual([]);
    harness.provider.reset();
    expect(await harness.up(chain)).toEqual({ same: 2, create: 1 });
  });
});
