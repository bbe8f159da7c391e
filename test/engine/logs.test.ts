import { setTimeout as delay } from "node:timers/promises";
import { log } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain } from "./support/chain.ts";
import { Harness, Thing } from "./support/harness.ts";

describe("programs that log (F10)", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const outcome = (run: Promise<{ stdout: string }>): Promise<string> =>
    run.then(
      ({ stdout }) => stdout,
      (error: unknown) => String(error),
    );

  test("a log on a resource that failed to register is told, and loses no log of another stack", async () => {
    harness.provider.failures.set("check:bad", "not like this");
    const failing = await harness.stack(async () => {
      const bad = new Thing("bad");
      await log.info("first: about a bad one", bad);
      await log.info("second: about nothing");
    }, "failing");
    const told = await outcome(failing.up());
    expect(told).toContain("not like this");
    expect(told).toContain("first: about a bad one");
    const beside = await harness.stack(async () => {
      const good = new Thing("good");
      await log.warn("third: about a good one", good);
      await log.info("fourth: about nothing");
    }, "beside");
    const { stdout, stderr } = await beside.up();
    expect(stderr).toContain("warning: test:index:Thing good: third: about a good one");
    expect(stdout).toContain("info: fourth: about nothing");
  });

  test("a log on a resource that is never answered holds up no log of another stack", async () => {
    const controller = new AbortController();
    harness.provider.hook = (method, name) =>
      method === "check" && name === "stuck" ? new Promise(() => undefined) : undefined;
    const stuck = await harness.stack(async () => {
      void log.info("about a stuck one", new Thing("stuck"));
    }, "stuck");
    const stopped = outcome(stuck.up({ signal: controller.signal }));
    while (!harness.provider.calls.some(({ name }) => name === "stuck")) await delay(10);
    const beside = await harness.stack(async () => {
      await log.info("beside: about nothing");
      await chain();
    }, "beside");
    expect((await beside.up()).stdout).toContain("beside: about nothing");
    controller.abort();
    expect(await stopped).toContain("update canceled");
    await beside.destroy();
  });

  test("logs of a program come in their order", async () => {
    const stack = await harness.stack(async () => {
      const a = new Thing("a");
      void log.info("one", a);
      void log.info("two");
      await log.info("three", a);
    });
    const { stdout } = await stack.up();
    expect(stdout.match(/(?:one|two|three)$/gm)).toEqual(["one", "two", "three"]);
  });
});
