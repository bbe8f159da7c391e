import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, names, Thing } from "./support/harness.ts";

describe("up, preview and destroy", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const program = async (): Promise<Record<string, unknown>> => {
    const a = new Thing("a", { value: "one" });
    const b = new Thing("b", { value: a.made });
    return { made: b.made, plain: "text" };
  };

  test("up creates in order, gives outputs, and a second up changes nothing", async () => {
    const stack = await harness.stack(program);
    const result = await stack.up();
    expect(result.outputs).toEqual({
      made: { value: "made b", secret: false },
      plain: { value: "text", secret: false },
    });
    expect(harness.provider.log).toEqual(["create a", "create b"]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
    const before = await harness.files();
    harness.provider.reset();
    expect(await harness.up(program)).toEqual({ same: 3 });
    expect(harness.provider.log).toEqual([]);
    expect(await harness.files()).toEqual(before);
  });

  test("a preview of a new stack shows creates and touches nothing", async () => {
    await harness.stack(program);
    const before = await harness.files();
    expect(await harness.preview(program)).toEqual({ create: 3 });
    expect(harness.provider.world.size).toBe(0);
    expect(await harness.files()).toEqual(before);
  });

  test("destroy deletes dependents first and leaves an empty stack", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    harness.provider.reset();
    await stack.destroy();
    expect(harness.provider.log).toEqual(["delete b", "delete a"]);
    expect(await harness.resources()).toEqual([]);
    await stack.workspace.removeStack("dev");
  });
});
