import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fourThings } from "./support/chain.ts";
import { failure } from "./support/failure.ts";
import { Harness, names, Thing, urnOf } from "./support/harness.ts";

type Program = () => Promise<void>;

describe("--exclude", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  async function logOf(run: Program, options: object): Promise<readonly string[]> {
    harness.provider.reset();
    await (await harness.stack(run)).up(options);
    return [...harness.provider.log].sort();
  }

  test("all but the excluded are changed", async () => {
    await harness.up(fourThings("1"));
    expect(await logOf(fourThings("2"), { exclude: [urnOf("b"), "**::d"] })).toEqual([
      "update a",
      "update c",
    ]);
    expect(await harness.preview(fourThings("2"))).toEqual({ same: 3, update: 2 });
  });

  test("--exclude-dependents leaves alone all that needs an excluded one", async () => {
    await harness.up(fourThings("1"));
    const exclude = [urnOf("b")];
    expect(await logOf(fourThings("2"), { exclude, excludeDependents: true })).toEqual([
      "update a",
      "update d",
    ]);
  });

  test("what isn't there and is excluded isn't made, and what needs it is refused", async () => {
    const told = await failure(logOf(fourThings("1"), { exclude: [urnOf("a")] }));
    expect(told).toContain(
      `Resource '${urnOf("b")}' depends on '${urnOf("a")}' which is excluded and does not exist.`,
    );
    expect(harness.provider.world.has("b-1")).toBe(false);
    const options = { exclude: [urnOf("b")], excludeDependents: true };
    await logOf(fourThings("1"), options);
    expect([...names(await harness.resources())].sort()).toEqual(["a", "d", "default_1_2_3", "demo-dev"]);
  });

  test("an excluded resource that the program drops stays with all that it needs", async () => {
    await harness.up(fourThings("1"));
    expect(await logOf(async () => undefined, { exclude: [urnOf("b")] })).toEqual(["delete c", "delete d"]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
  });

  test("with --exclude-dependents all stays that shares a need with an excluded one, be it a provider", async () => {
    await harness.up(fourThings("1"));
    const options = { exclude: [urnOf("b")], excludeDependents: true };
    expect(await logOf(async () => undefined, options)).toEqual([]);
    expect(await harness.preview(fourThings("1"))).toEqual({ same: 5 });
  });

  test.each([false, true])(
    "destroy keeps the excluded and what they need; running the program: %s",
    async (runProgram) => {
      await harness.up(fourThings("1"));
      const stack = await harness.stack(fourThings("1"));
      await stack.destroy({ exclude: [urnOf("b")], runProgram });
      expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
      expect(await failure(stack.destroy({ exclude: [urnOf("c")], runProgram }))).toContain(
        `no resource named '${urnOf("c")}' found`,
      );
    },
  );

  test("refresh reads all but the excluded", async () => {
    await harness.up(fourThings("1"));
    const stack = await harness.stack(fourThings("1"));
    harness.provider.reset();
    await stack.refresh({ exclude: [urnOf("a")] });
    expect([...harness.provider.log].sort()).toEqual(["read b", "read c", "read d"]);
    harness.provider.reset();
    await stack.refresh({ exclude: [urnOf("b")], excludeDependents: true });
    expect([...harness.provider.log].sort()).toEqual(["read a", "read d"]);
  });

  test("destroy --exclude-protected keeps the protected and what they need, and says how many", async () => {
    const guarded: Program = async () => {
      const a = new Thing("a");
      const b = new Thing("b", { from: a.id }, { protect: true });
      void new Thing("c", { from: b.id });
    };
    await harness.up(guarded);
    const stack = await harness.stack(guarded);
    const first = await stack.destroy({ excludeProtected: true });
    expect(first.stdout).toContain(
      "All unprotected resources were destroyed. There are still 4 protected resources associated with this stack.\n",
    );
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
    const args = ["destroy", "--stack", "dev", "--yes", "--exclude-protected"];
    const { stdout } = await harness.run([...args, "--remove"]);
    expect(stdout).toBe(
      "There were no unprotected resources to destroy. There are still 4 protected resources associated with this stack.\n",
    );
    expect(harness.provider.world.size).toBe(2);
    expect(await failure(harness.run([...args, "--ignore-protect"]))).toContain("exclude each other");
  });

  test("destroy --exclude-protected --remove removes a stack without protected resources", async () => {
    await harness.up(async () => void new Thing("a"));
    await harness.run(["destroy", "--stack", "dev", "--yes", "--exclude-protected", "--remove"]);
    expect(await harness.files()).not.toHaveProperty([harness.checkpointPath()]);
    expect(harness.provider.world.size).toBe(0);
  });
});
