import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure } from "./support/failure.ts";
import { Harness, Thing } from "./support/harness.ts";

describe("a delete ahead of another's replacement that fails in a run that goes on", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("what was to be made anew waits for it, isn't made, and the next run makes both", async () => {
    await harness.up(async () => {
      const a = new Thing("a", { dbr: "1" });
      void new Thing("b", { key: a.made });
    });
    const before = [...harness.provider.world.keys()];
    // It no longer needs `a`: its registration comes while its delete ahead of `a` is under way.
    const second = async (): Promise<void> => {
      void new Thing("a", { dbr: "2" });
      void new Thing("b", { key: "new" });
    };
    let check: () => void = () => undefined;
    const checked = new Promise<void>((resolve) => {
      check = resolve;
    });
    harness.provider.reset();
    harness.provider.failures.set("delete:b", "no");
    harness.provider.hook = async (method, name) => {
      if (method === "check" && name === "b") check();
      if (method === "delete" && name === "b") await checked;
    };
    const stack = await harness.stack(second);
    expect(await failure(stack.up({ continueOnError: true }))).toContain("error: test:index:Thing b: no\n");
    expect(harness.provider.log).toEqual(["delete b"]);
    expect([...harness.provider.world.keys()]).toEqual(before);
    harness.provider.hook = undefined;
    harness.provider.reset();
    await harness.up(second);
    expect(harness.provider.log.slice(0, 2)).toEqual(["delete b", "delete a"]);
    expect(harness.provider.world.size).toBe(2);
  });
});
