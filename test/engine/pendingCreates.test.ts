import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, names, Thing } from "./support/harness.ts";
import { CUT_OFF } from "./support/testProvider.ts";

const URN = "urn:pulumi:dev::demo::test:index:Thing::b";

describe("`refresh --import-pending-creates`", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    harness.provider.failures.set("create:b", CUT_OFF);
    await expect(harness.up(program)).rejects.toThrow("Connection dropped");
    harness.provider.reset();
  });
  afterEach(() => harness.close());

  const program = async (): Promise<void> => {
    const a = new Thing("a");
    new Thing("b", { value: a.made });
  };
  const refresh = (...pairs: readonly string[]) => {
    const flags = pairs.flatMap((part) => ["--import-pending-creates", part]);
    return harness.run(["refresh", "--yes", "--skip-preview", "-s", "dev", ...flags]);
  };
  const pending = async (): Promise<number> =>
    ((await harness.checkpoint()).checkpoint.latest.pending_operations ?? []).length;

  test("takes what was made into the stack, and the next `up` changes nothing", async () => {
    harness.provider.world.set("b-7", { value: "made a" });
    expect(await pending()).toBe(1);
    await refresh(URN, "b-7");
    expect(await pending()).toBe(0);
    const b = (await harness.resources()).find(({ urn }) => urn === URN);
    expect(b).toMatchObject({ id: "b-7", outputs: { value: "made a", made: "made b" } });
    expect(await harness.up(program)).toEqual({ same: 3 });
    expect(harness.provider.log.filter((call) => call.startsWith("create"))).toEqual([]);
  });

  test("an id that nothing bears leaves no resource behind", async () => {
    await refresh(URN, "b-8");
    expect(await pending()).toBe(0);
    expect(names(await harness.resources())).not.toContain("b");
  });

  test("another URN is told, half a pair is refused, and the state stays", async () => {
    const before = await harness.checkpoint();
    const { stderr } = await refresh(URN.replace("::b", "::q"), "x");
    expect(stderr).toContain(
      `warning: "${URN.replace("::b", "::q")}" did not correspond to a pending create\n`,
    );
    await expect(refresh(URN)).rejects.toThrow("each URN must be followed by an ID");
    expect((await harness.checkpoint()).checkpoint.latest.pending_operations).toEqual(
      before.checkpoint.latest.pending_operations,
    );
  });
});
