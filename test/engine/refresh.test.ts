import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Component, Harness, names, TestInstance, Thing } from "./support/harness.ts";

describe.each([false, true])("refresh and destroy, running the program: %s", (runProgram) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const program = async (): Promise<void> => {
    const provider = new TestInstance("p", { region: "us" });
    const a = new Thing("a", { value: "one" }, { provider });
    void new Thing("b", { value: a.id }, { provider });
  };

  test("an unchanged world changes no byte", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    const before = await harness.files();
    harness.provider.reset();
    await stack.refresh({ runProgram, onEvent: (event) => harness.events.push(event) });
    expect(harness.provider.log).toEqual(["read a", "read b"]);
    expect(harness.changes).toEqual({ same: 4 });
    expect(await harness.files()).toEqual(before);
    expect(harness.provider.configs.map(({ args }) => args.region)).toEqual(["us"]);
  });

  test("drift in inputs is taken into the state and repaired by the next up", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    harness.provider.world.set("a-1", { value: "drifted" });
    await stack.refresh({ runProgram, onEvent: (event) => harness.events.push(event) });
    expect(harness.changes).toEqual({ same: 3, update: 1 });
    expect((await harness.resources()).find(({ id }) => id === "a-1")?.inputs).toEqual({ value: "drifted" });
    expect(await harness.preview(program)).toEqual({ same: 3, update: 1 });
    await harness.up(program);
    expect(harness.provider.world.get("a-1")).toEqual({ value: "one" });
  });

  test("a component stays behind a drifted resource that it depends on", async () => {
    const composed = async (): Promise<void> => {
      const a = new Thing("a", { value: "one" });
      void new Component("after", { dependsOn: [a] });
    };
    await harness.up(composed);
    harness.provider.world.set("a-1", { value: "drifted" });
    const stack = await harness.stack(composed);
    await stack.refresh({ runProgram });
    expect(names(await harness.resources())).toEqual([
      "demo-dev",
      "default_1_2_3",
      "a",
      "after",
      "after-child",
    ]);
  });

  test("what is gone leaves the state, its dependents stay, and the next up makes it anew", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    harness.provider.world.delete("a-1");
    await stack.refresh({ runProgram, onEvent: (event) => harness.events.push(event) });
    expect(harness.changes).toEqual({ same: 3, delete: 1 });
    expect(names(await harness.resources())).toEqual(["demo-dev", "p", "b"]);
    expect(await harness.up(program)).toEqual({ same: 2, create: 1, update: 1 });
  });

  test("a preview of a refresh or destroy writes nothing", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    harness.provider.world.set("a-1", { value: "drifted" });
    const before = await harness.files();
    expect((await stack.previewRefresh({ runProgram })).changeSummary).toEqual({ same: 3, update: 1 });
    expect((await stack.previewDestroy({ runProgram })).changeSummary).toMatchObject({ delete: 4 });
    expect(await harness.files()).toEqual(before);
    expect(harness.provider.world.size).toBe(2);
  });

  test("a read that fails fails the refresh and keeps the state", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    harness.provider.failures.set("read:a", "unreachable");
    await expect(stack.refresh({ runProgram })).rejects.toThrow("unreachable");
    expect(names(await harness.resources())).toEqual(["demo-dev", "p", "a", "b"]);
  });

  test("of one that can't be read, the others are read without a program, and what they are is stored", async () => {
    const stack = await harness.stack(async () => {
      for (const name of ["a", "b", "c"]) void new Thing(name, { value: "one" });
    });
    await stack.up({ parallel: 2 });
    harness.provider.reset();
    const idOf = async (name: string): Promise<string> =>
      (await harness.resources()).find(({ urn }) => urn.endsWith(`::${name}`))?.id ?? "";
    harness.provider.world.set(await idOf("c"), { value: "drifted" });
    harness.provider.failures.set("read:a", "unreachable");
    await expect(stack.refresh({ runProgram, parallel: 2 })).rejects.toThrow("unreachable");
    if (runProgram) return;
    expect([...harness.provider.log].sort()).toEqual(["read a", "read b", "read c"]);
    const things = (await harness.resources()).filter(({ type }) => type === "test:index:Thing");
    const values = things.map(({ urn, inputs }) => `${urn.at(-1)}: ${inputs?.value}`);
    expect(values.sort()).toEqual(["a: one", "b: one", "c: drifted"]);
    expect((await harness.checkpoint()).checkpoint.latest.pending_operations).toBeUndefined();
  });

  test("destroy uses the provider config of the state or of the program", async () => {
    const withRegion = (region: string) => async () => {
      const provider = new TestInstance("p", { region });
      void new Thing("a", {}, { provider });
      if (region === "eu") void new Thing("never-made", {}, { provider });
    };
    await harness.up(withRegion("us"));
    harness.provider.reset();
    const stack = await harness.stack(withRegion("eu"));
    await stack.destroy({ runProgram });
    expect(harness.provider.log).toEqual(["delete a"]);
    expect(harness.provider.configs.map(({ args }) => args.region)).toEqual([runProgram ? "eu" : "us"]);
    expect(await harness.resources()).toEqual([]);
  });

  test("destroy takes protect from the program only when it runs", async () => {
    await harness.up(async () => void new Thing("a", {}, { protect: true }));
    const stack = await harness.stack(async () => void new Thing("a"));
    if (!runProgram) await expect(stack.destroy({ runProgram })).rejects.toThrow("because it is protected");
    else await stack.destroy({ runProgram });
    expect(harness.provider.world.size).toBe(runProgram ? 0 : 1);
  });
});
