import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain } from "./support/chain.ts";
import { Harness, Thing } from "./support/harness.ts";

describe("a run that looks first (`--refresh`)", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const program = async (): Promise<void> => {
    const a = new Thing("a", { value: "wanted" });
    void new Thing("b", { value: a.id });
  };
  const idOf = (name: string): string =>
    [...harness.provider.world.keys()].find((id) => id.startsWith(`${name}-`)) ?? "";
  const drift = (): void => {
    harness.provider.world.set(idOf("a"), { ...harness.provider.world.get(idOf("a")), value: "drifted" });
  };

  test("an `up` mends what was changed by hand; without the flag it sees nothing", async () => {
    await harness.up(program);
    drift();
    expect(await harness.up(program)).toEqual({ same: 3 });
    const stack = await harness.stack(program);
    harness.events.length = 0;
    await stack.up({ refresh: true, onEvent: (event) => harness.events.push(event) });
    expect(harness.changes).toEqual({ same: 2, update: 1 });
    expect(harness.provider.world.get(idOf("a"))).toMatchObject({ value: "wanted" });
  });

  test("a preview says so and stores nothing", async () => {
    await harness.up(program);
    drift();
    const before = await readFile(harness.checkpointPath(), "utf8");
    const stack = await harness.stack(program);
    const { changeSummary } = await stack.preview({ refresh: true });
    expect(changeSummary).toEqual({ same: 2, update: 1 });
    expect(await readFile(harness.checkpointPath(), "utf8")).toBe(before);
  });

  test("what is gone is made again by `up`, and not deleted by `destroy`", async () => {
    await harness.up(program);
    harness.provider.world.delete(idOf("b"));
    const stack = await harness.stack(program);
    harness.events.length = 0;
    await stack.up({ refresh: true, onEvent: (event) => harness.events.push(event) });
    expect(harness.changes).toEqual({ same: 2, create: 1 });
    harness.provider.world.delete(idOf("b"));
    harness.provider.calls.length = 0;
    await stack.destroy({ refresh: true });
    expect(harness.provider.log.filter((call) => call.startsWith("delete"))).toEqual(["delete a"]);
  });

  test("a provider that can't be read ends the run before anything is changed", async () => {
    await harness.up(program);
    harness.provider.failures.set("read:a", "no answer");
    harness.provider.calls.length = 0;
    const stack = await harness.stack(async () => void new Thing("c"));
    await expect(stack.up({ refresh: true })).rejects.toThrow("no answer");
    expect(harness.provider.log.filter((call) => !call.startsWith("read"))).toEqual([]);
  });
});

describe("edits of the state", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const guarded = async (): Promise<void> => {
    void new Thing("a", {}, { protect: true });
    void new Thing("b", {}, { protect: true });
  };
  const protectedNames = async (): Promise<readonly string[]> =>
    (await harness.resources())
      .filter(({ protect }) => protect)
      .map(({ urn }) => urn.split("::").at(-1) ?? "");

  test("`state unprotect` frees the named resource only, and a destroy of it goes", async () => {
    await harness.up(guarded);
    const [a] = (await harness.resources()).filter(({ urn }) => urn.endsWith("::a"));
    await harness.run(["state", "unprotect", a?.urn ?? "", "--stack", "dev", "--yes"]);
    expect(await protectedNames()).toEqual(["b"]);
    const stack = await harness.stack(guarded);
    await expect(stack.destroy()).rejects.toThrow("protected");
    await harness.run(["state", "unprotect", "--all", "--stack", "dev", "--yes"]);
    expect(await protectedNames()).toEqual([]);
    await stack.destroy();
  });

  test("a URN that isn't there changes nothing", async () => {
    await harness.up(guarded);
    const before = await readFile(harness.checkpointPath(), "utf8");
    const run = harness.run([
      "state",
      "unprotect",
      "urn:pulumi:dev::demo::x:y:Z::q",
      "--stack",
      "dev",
      "--yes",
    ]);
    await expect(run).rejects.toThrow("no such resource in the stack: urn:pulumi:dev::demo::x:y:Z::q");
    expect(await readFile(harness.checkpointPath(), "utf8")).toBe(before);
  });

  test("`destroy --remove` leaves no stack", async () => {
    await harness.up(chain);
    const stack = await harness.stack(chain);
    await stack.destroy({ remove: true });
    expect(await stack.workspace.listStacks()).toEqual([]);
  });

  test("`state protect` keeps the named resource from a destroy", async () => {
    await harness.up(chain);
    const [a] = (await harness.resources()).filter(({ custom }) => custom);
    await harness.run(["state", "protect", a?.urn ?? "", "--stack", "dev", "--yes"]);
    expect(await protectedNames()).toHaveLength(1);
    await expect((await harness.stack(chain)).destroy()).rejects.toThrow("protected");
    await harness.run(["state", "protect", "--all", "--stack", "dev", "--yes"]);
    expect(await protectedNames()).toHaveLength((await harness.resources()).length);
  });
});

describe("`state delete`", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    await harness.up(async () => {
      const a = new Thing("a", {}, { protect: true });
      void new Thing("b", { value: a.made });
      void new Thing("c");
    });
  });
  afterEach(() => harness.close());

  const left = async (): Promise<readonly string[]> =>
    (await harness.resources())
      .filter(({ type }) => type === "test:index:Thing")
      .map(({ urn }) => urn.split("::").at(-1) ?? "");
  const remove = (...args: readonly string[]) => harness.run(["state", "delete", ...args, "-s", "dev", "-y"]);
  const urn = (name: string): string => `urn:pulumi:dev::demo::test:index:Thing::${name}`;

  test("forgets a resource and leaves the world as it is", async () => {
    expect((await remove(urn("c"))).stdout).toBe("Resource deleted\n");
    expect(await left()).toEqual(["a", "b"]);
    expect(harness.provider.world.size).toBe(3);
    expect(harness.provider.log.filter((call) => call.startsWith("delete"))).toEqual([]);
  });

  test("what others need goes only with them", async () => {
    const before = await readFile(harness.checkpointPath(), "utf8");
    await expect(remove(urn("a"), "--force")).rejects.toThrow(` * "b" (${urn("b")})\n`);
    expect(await readFile(harness.checkpointPath(), "utf8")).toBe(before);
    const { stdout, stderr } = await remove(urn("a"), "--force", "--target-dependents");
    expect([stdout, stderr]).toEqual([
      "2 resources deleted\n",
      `warning: deleting protected resource ${urn("a")} due to presence of --force\n`,
    ]);
    expect(await left()).toEqual(["c"]);
  });

  test("a protected resource wants `--force`, an unknown one and none at all are refused", async () => {
    const before = await readFile(harness.checkpointPath(), "utf8");
    await expect(remove(urn("a"), "--target-dependents")).rejects.toThrow("Re-run this command with --force");
    await expect(remove("--all")).rejects.toThrow("Re-run this command with --force");
    await expect(remove(urn("q"))).rejects.toThrow(`no such resource in the stack: ${urn("q")}`);
    await expect(remove(urn("c"), "--all")).rejects.toThrow("cannot specify a resource URN");
    await expect(remove()).rejects.toThrow("needs a resource's URN");
    expect(await readFile(harness.checkpointPath(), "utf8")).toBe(before);
    await remove("--all", "--force");
    expect(await harness.resources()).toEqual([]);
  });
});
