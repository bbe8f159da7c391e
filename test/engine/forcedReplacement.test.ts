import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure } from "./support/failure.ts";
import { Harness, Thing, urnOf } from "./support/harness.ts";

type Program = () => Promise<void>;

describe("--replace", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const program = async (): Promise<void> => {
    const a = new Thing("a", { value: "1" });
    void new Thing("b", { from: a.id });
    void new Thing("c", { value: "1" });
  };

  async function up(run: Program, options: object): Promise<readonly string[]> {
    harness.provider.reset();
    await (await harness.stack(run)).up(options);
    return harness.provider.log;
  }

  test("replaces an unchanged resource; its dependents follow", async () => {
    await harness.up(program);
    const stack = await harness.stack(program);
    const { changeSummary } = await stack.preview({ replace: [urnOf("a")] });
    expect(changeSummary).toEqual({ same: 2, replace: 1, update: 1 });
    expect(await up(program, { replace: [urnOf("a")] })).toEqual(["create a", "update b", "delete a"]);
    expect(await harness.preview(program)).toEqual({ same: 4 });
  });

  test("checks the inputs as those of a new resource, without what is ignored", async () => {
    const ignoring = (value: string): Program => {
      return async () => void new Thing("a", { value }, { ignoreChanges: ["value"] });
    };
    await harness.up(ignoring("1"));
    expect(await up(ignoring("2"), { replace: ["**::a"] })).toEqual(["create a", "delete a"]);
    const checks = harness.provider.calls.filter(({ method }) => method === "check");
    expect(checks).toEqual([expect.objectContaining({ inputs: { value: "2" }, olds: {} })]);
    expect(harness.provider.world.get("a-2")).toEqual({ value: "2" });
  });

  test("deletes first where the resource says so", async () => {
    const first: Program = async () => void new Thing("a", {}, { deleteBeforeReplace: true });
    await harness.up(first);
    expect(await up(first, { replace: [urnOf("a")] })).toEqual(["delete a", "create a"]);
  });

  test("an unknown resource is refused before the program registers anything", async () => {
    await harness.up(program);
    const stack = await harness.stack(async () => void new Thing("fresh"));
    const replace = [urnOf("nobody"), urnOf("fresh")];
    const told = await failure(stack.up({ replace }));
    for (const urn of replace) expect(told).toContain(`Target '${urn}' could not be found in the stack.`);
    expect(harness.provider.world.size).toBe(3);
  });

  test("an untargeted one is not replaced; --target-replace is both flags", async () => {
    await harness.up(program);
    expect(await up(program, { replace: [urnOf("a")], target: [urnOf("c")] })).toEqual([]);
    harness.provider.reset();
    await (await harness.stack(program, "dev", { PULUMI_OPTION_TARGET_REPLACE: urnOf("c") })).up();
    expect(harness.provider.log).toEqual(["create c", "delete c"]);
  });

  test("a protected resource is replaced and destroyed only with --ignore-protect, and stays protected", async () => {
    const guarded: Program = async () => void new Thing("a", {}, { protect: true });
    await harness.up(guarded);
    const stack = await harness.stack(guarded);
    const options = { replace: [urnOf("a")] };
    expect(await failure(stack.up(options))).toContain("marked for protection");
    expect(harness.provider.world.has("a-1")).toBe(true);
    const environment = { PULUMI_OPTION_IGNORE_PROTECT: "true" };
    await (await harness.stack(guarded, "dev", environment)).up(options);
    expect([...harness.provider.world.keys()]).toEqual(["a-2"]);
    expect((await harness.resources()).at(-1)).toMatchObject({ id: "a-2", protect: true });
    await harness.run(["destroy", "--stack", "dev", "--yes", "--ignore-protect"]);
    expect(harness.provider.world.size).toBe(0);
  });
});
