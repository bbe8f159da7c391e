import { ComponentResource } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fourThings } from "./support/chain.ts";
import { failure } from "./support/failure.ts";
import { Component, Harness, names, TestInstance, Thing, urnOf } from "./support/harness.ts";

type Program = () => Promise<void>;

/** A component with an output of its own. */
class Labelled extends ComponentResource {
  constructor(name: string) {
    super("demo:index:Labelled", name);
    this.registerOutputs({ label: name });
  }
}

describe("--target", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  async function values(): Promise<Record<string, unknown>> {
    const things = (await harness.resources()).filter(({ type }) => type === "test:index:Thing");
    return Object.fromEntries(things.map((thing) => [names([thing])[0], thing.inputs?.value]));
  }

  async function up(run: Program, options: object): Promise<Record<string, number>> {
    harness.events.length = 0;
    harness.provider.reset();
    const stack = await harness.stack(run);
    await stack.up({ ...options, onEvent: (event) => harness.events.push(event) });
    return harness.changes;
  }

  test("only the target is changed; all others stay as they were and count as same", async () => {
    await harness.up(fourThings("1"));
    expect(await up(fourThings("2"), { target: [urnOf("b")] })).toEqual({ same: 4, update: 1 });
    expect(harness.provider.log).toEqual(["update b"]);
    expect(await values()).toEqual({ a: "1", b: "2", c: "1", d: "1" });
    expect(await harness.preview(fourThings("2"))).toEqual({ same: 2, update: 3 });
  });

  test("an update of a target that is as the program wants it writes no byte", async () => {
    await harness.up(fourThings("1"));
    const before = await harness.files();
    const grown: Program = async () => {
      void new Labelled("absent");
      await fourThings("1")();
    };
    expect(await up(grown, { target: [urnOf("a")] })).toEqual({ same: 5 });
    expect(await harness.files()).toEqual(before);
  });

  test("what isn't there and isn't targeted isn't made, also as a dependent of what isn't there", async () => {
    expect(await up(fourThings("1"), { target: [urnOf("d")] })).toEqual({ create: 2 });
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "d"]);
  });

  test.each([
    ["urn:pulumi:dev::**::b", ["update b"]],
    ["urn:pulumi:dev::demo::test:index:Thing::*", ["update a", "update b", "update c", "update d"]],
    ["*::b", []],
    ["**::[b]", []],
  ])("%s", async (pattern, log) => {
    await harness.up(fourThings("1"));
    await up(fourThings("2"), { target: [pattern] });
    expect([...harness.provider.log].sort()).toEqual(log);
  });

  test("--target-dependents takes along all that needs a target, children too", async () => {
    const tree = (text: string): Program => {
      return async () => {
        const top = new Component("top");
        const under = new Thing("under", { value: text }, { parent: top.child });
        void new Thing("user", { value: text, from: under.id });
        void new Thing("other", { value: text });
      };
    };
    await harness.up(tree("1"));
    await up(tree("2"), { target: [urnOf("top", "demo:index:Component")], targetDependents: true });
    expect(harness.provider.log).toEqual(["update under", "update user"]);
  });

  test("a target that needs what stays absent is refused by up; a preview tells all such", async () => {
    const grown: Program = async () => {
      const [x, y] = [new Thing("x"), new Thing("y")];
      void new Thing("a", { from: x.id, other: y.id });
    };
    await harness.up(async () => void new Thing("a"));
    const text = (name: string): string =>
      `error: test:index:Thing a: Resource '${urnOf("a")}' depends on '${urnOf(name)}' which was was not specified in --target list.\n`;
    const stack = await harness.stack(grown);
    const told = await failure(stack.preview({ target: [urnOf("a")] }));
    expect(told).toContain(text("x"));
    expect(told).toContain(text("y"));
    harness.provider.reset();
    expect(await failure(stack.up({ target: [urnOf("a")] }))).toContain(text("x"));
    expect(harness.provider.log).toEqual([]);
    expect(await up(grown, { target: [urnOf("a"), urnOf("x"), urnOf("y")] })).toMatchObject({ create: 2 });
  });

  test("a read that needs what stays absent isn't done", async () => {
    const reading: Program = async () => {
      const x = new Thing("x");
      void new Thing("got", {}, { id: "there", dependsOn: [x] });
      void new Thing("a");
    };
    harness.provider.world.set("there", {});
    await up(reading, { target: [urnOf("a")] });
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
    await up(reading, {});
    expect(harness.provider.log).toEqual(["create x", "read got"]);
  });

  test("a target that is nowhere is an error of each command, in the official words", async () => {
    await harness.up(fourThings("1"));
    const stack = await harness.stack(fourThings("2"));
    const target = [urnOf("nobody")];
    const hinted = `Target '${target[0]}' could not be found in the stack. Did you forget to escape $ in your shell?`;
    expect(await failure(stack.up({ target }))).toContain(hinted);
    const nested = [urnOf("nobody", "demo:index:Component$test:index:Thing")];
    expect(await failure(stack.preview({ target: nested }))).toContain(
      `error: Target '${nested[0]}' could not be found in the stack.\n`,
    );
    for (const command of ["destroy", "refresh"] as const) {
      expect(await failure(stack[command]({ target }))).toContain(`no resource named '${target[0]}' found`);
    }
    expect(await failure(stack.up({ target, refresh: true }))).toContain(hinted);
    expect(await values()).toEqual({ a: "1", b: "1", c: "1", d: "1" });
  });

  test.each([false, true])(
    "destroy refuses untargeted dependents; running the program: %s",
    async (runProgram) => {
      await harness.up(fourThings("1"));
      const stack = await harness.stack(fourThings("1"));
      const told = await failure(stack.destroy({ target: [urnOf("b")], runProgram }));
      expect(told).toContain(
        `Resource '${urnOf("c")}' will be destroyed but was not specified in --target list.\nEither include resource in --target list or pass --target-dependents to proceed.`,
      );
      expect(told).not.toContain(`'${urnOf("b")}' will be`);
      expect(harness.provider.world.size).toBe(4);
      await stack.destroy({ target: [urnOf("b")], targetDependents: true, runProgram });
      expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "d"]);
      await stack.destroy({ target: [urnOf("a"), urnOf("d")], runProgram });
      expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3"]);
    },
  );

  test("a protected target is not destroyed", async () => {
    await harness.up(async () => void new Thing("a", {}, { protect: true }));
    const stack = await harness.stack(async () => undefined);
    expect(await failure(stack.destroy({ target: [urnOf("a")] }))).toContain("because it is protected");
    expect(harness.provider.world.size).toBe(1);
  });

  test("destroy --remove keeps a stack of which only a part was to go", async () => {
    await harness.up(async () => void new Thing("a"));
    await harness.run(["destroy", "--stack", "dev", "--yes", "--remove", "--target", urnOf("a")]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3"]);
    await harness.run(["destroy", "--stack", "dev", "--yes", "--remove"]);
    expect(await harness.files()).not.toHaveProperty([harness.checkpointPath()]);
  });

  test.each([false, true])("refresh reads the targets alone; running the program: %s", async (runProgram) => {
    await harness.up(fourThings("1"));
    for (const id of harness.provider.world.keys()) harness.provider.world.set(id, { value: "drifted" });
    const stack = await harness.stack(fourThings("1"));
    harness.provider.reset();
    await stack.refresh({ target: [urnOf("d")], runProgram });
    expect(harness.provider.log).toEqual(["read d"]);
    await stack.refresh({ target: [urnOf("b")], targetDependents: true, runProgram });
    expect(await values()).toEqual({ a: "1", b: "drifted", c: "drifted", d: "drifted" });
  });

  test("what a target needs comes before it in the state, whatever the program registers first", async () => {
    const moved = (text: string, isLinked: boolean): Program => {
      return async () => {
        const x = isLinked ? undefined : new Thing("x", { value: text }, { dependsOn: [] });
        const old = isLinked ? [new Thing("x", { value: text })] : [];
        const kept = new Thing("kept", { value: text }, { dependsOn: old });
        void new Thing("user", { from: kept.id });
        void x;
      };
    };
    await harness.up(moved("1", true));
    harness.provider.hook = async (method, name) => {
      if (method === "check" && name === "x") await new Promise((resolve) => setTimeout(resolve, 100));
    };
    await up(moved("2", false), { target: [urnOf("x"), urnOf("user")] });
    expect(await values()).toMatchObject({ x: "2", kept: "1" });
    expect(await harness.preview(moved("2", false))).toEqual({ same: 3, update: 1 });
  });

  test("what an untargeted resource needs isn't destroyed with the program's leave", async () => {
    await harness.up(fourThings("1"));
    const dropped: Program = async () => {
      const b = new Thing("b", { value: "2" });
      void new Thing("c", { value: "2", from: b.id });
    };
    const stack = await harness.stack(dropped);
    const told = await failure(stack.up({ target: [urnOf("a")] }));
    expect(told).toContain(
      `Resource '${urnOf("a")}' will be destroyed but '${urnOf("b")}', which stays as it is, depends on it.`,
    );
    expect(await values()).toEqual({ a: "1", b: "1", c: "1", d: "1" });
  });

  test("an untargeted resource keeps its URN and its place when the program renames its parent", async () => {
    await harness.up(async () => void new Component("old"));
    const renamed: Program = async () => {
      void new Component("new", { aliases: [{ name: "old" }] });
      void new Thing("a");
    };
    await up(renamed, { target: [urnOf("a")] });
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "old", "old-child"]);
    expect(await up(renamed, {})).toEqual({ same: 4 });
  });

  test("providers of targets are implicit, a changed one of an untargeted resource is refused", async () => {
    const placed = (provider: string, version: string): Program => {
      return async () => {
        const instance = new TestInstance(provider, { region: provider });
        void new Thing("a", { value: version }, { provider: instance });
        void new Thing("b");
      };
    };
    await harness.up(placed("p", "1"));
    expect(await up(placed("p", "2"), { target: [urnOf("a")] })).toEqual({ same: 3, update: 1 });
    const stack = await harness.stack(placed("q", "3"));
    expect(await failure(stack.up({ target: [urnOf("b")] }))).toContain(
      "has not been registered yet, this is due to a change of providers mixed with --target. Change your program back to the original providers",
    );
  });

  test("flags may be repeated, come from the environment, and must not contradict each other", async () => {
    await harness.up(fourThings("1"));
    const destroy = ["destroy", "--stack", "dev", "--yes"];
    await harness.run([...destroy, "-t", urnOf("d"), `--target=${urnOf("c")}`]);
    expect(await values()).toEqual({ a: "1", b: "1" });
    await harness.run(destroy, { PULUMI_OPTION_TARGET: `${urnOf("a")},${urnOf("b")}` });
    expect(await values()).toEqual({});
    expect(await failure(harness.run([...destroy, "--target", "x", "--exclude", "y"]))).toContain(
      "`--target` and `--exclude` exclude each other",
    );
  });
});
