import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CANCEL_AFTER_MS, GIVE_UP_AFTER_MS } from "../../src/engine/interruption.ts";
import { chain } from "./support/chain.ts";
import { Harness, names, Thing } from "./support/harness.ts";

/** FAULTS F9: what CI leaves between its first signal and the next. */
const CI_PATIENCE_MS = 7_000;
/** A busy machine may take its time; a hang is longer. */
const HANG_MS = 25_000;

describe("a run that is told to stop (F9)", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  const never = (): Promise<void> => new Promise(() => undefined);

  async function pending(): Promise<readonly string[]> {
    const { pending_operations: operations = [] } = (await harness.checkpoint()).checkpoint.latest;
    return operations.map(({ type, resource }) => `${type} ${names([resource])[0]}`);
  }

  async function locks(): Promise<readonly string[]> {
    const files = Object.keys(await harness.files());
    return files.filter((path) => path.includes("/locks/"));
  }

  interface Told {
    readonly text: string;
    readonly tookMs: number;
  }

  /** Stops `run` once `isReached`, and gives what it says at its end. */
  async function stopped(
    run: (signal: AbortSignal) => Promise<unknown>,
    isReached: () => boolean,
  ): Promise<Told> {
    const controller = new AbortController();
    const ended = run(controller.signal).then(
      () => "it succeeded",
      (error: unknown) => String(error),
    );
    while (!isReached()) await delay(10);
    const begunMs = performance.now();
    controller.abort();
    const text = await Promise.race([ended, delay(HANG_MS, "it hangs", { ref: false })]);
    return { text, tookMs: performance.now() - begunMs };
  }

  const isCalled = (method: string, name: string) => () =>
    harness.provider.calls.some((call) => call.method === method && call.name === name);

  test("the lock is free in time", () => {
    expect(CANCEL_AFTER_MS).toBeLessThan(GIVE_UP_AFTER_MS);
    expect(GIVE_UP_AFTER_MS).toBeLessThan(CI_PATIENCE_MS - 1_000);
  });

  test("a create that hangs for ever is given up: intent stored, lock free, listed; the answer comes too late", async () => {
    let answer: () => void = () => undefined;
    harness.provider.hook = (method, name) =>
      method === "create" && name === "a" ? new Promise((resolve) => (answer = resolve)) : undefined;
    const stack = await harness.stack(async () => {
      await chain();
      void new Thing("c");
    });
    const { text } = await stopped((signal) => stack.up({ signal }), isCalled("create", "a"));
    expect(text).toContain("error: update canceled\n");
    expect(text).toContain("1 operation(s) did not end before the run was stopped");
    expect(text).toContain("\n  * urn:pulumi:dev::demo::test:index:Thing::a, interrupted while creating\n");
    expect(harness.provider.calls.map(({ method }) => method)).toContain("cancel");
    expect(harness.provider.log).not.toContain("create b");
    expect(await pending()).toEqual(["creating a"]);
    expect(await locks()).toEqual([]);
    const before = await harness.files();
    answer();
    await delay(300);
    expect(await harness.files()).toEqual(before);
    harness.provider.reset();
    expect((await harness.up(chain)).create).toBeGreaterThan(0);
  });

  test("one that ends when it is cancelled leaves its intent too: it may have taken effect", async () => {
    let end: () => void = () => undefined;
    harness.provider.failures.set("create:a", "cancelled by the engine");
    harness.provider.hook = async (method, name) => {
      if (method === "cancel") end();
      if (method === "create" && name === "a") await new Promise<void>((resolve) => (end = resolve));
    };
    const stack = await harness.stack(chain);
    const { text } = await stopped((signal) => stack.up({ signal }), isCalled("create", "a"));
    expect(text).toContain("::a, interrupted while creating");
    expect(await pending()).toEqual(["creating a"]);
  });

  test.each([
    ["check", "a"],
    ["configure", "default_1_2_3"],
    ["invoke", ""],
  ])("a `%s` that hangs is given up, nothing is pending", async (method, name) => {
    harness.provider.hook = (called, on) => (called === method && on === name ? never() : undefined);
    const stack = await harness.stack(async () => {
      await chain();
      if (method === "invoke") await invokeEcho();
    });
    const { text } = await stopped((signal) => stack.up({ signal }), isCalled(method, name));
    expect(text).toContain("error: update canceled\n");
    expect(text).not.toContain("did not end");
    expect(await pending()).toEqual([]);
    expect(await locks()).toEqual([]);
  });

  test.each([
    ["refresh", "read", "a", [], "reading"],
    ["destroy", "delete", "b", ["deleting b"], "deleting"],
  ] as const)("a %s whose `%s` hangs is given up", async (operation, method, name, left, doing) => {
    await harness.up(chain);
    harness.provider.hook = (called, on) => (called === method && on === name ? never() : undefined);
    const stack = await harness.stack(chain);
    const run = (signal: AbortSignal): Promise<unknown> => stack[operation]({ signal });
    const { text } = await stopped(run, isCalled(method, name));
    expect(text).toContain(`::${name}, interrupted while ${doing}\n`);
    expect(await pending()).toEqual(left);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
    harness.provider.reset();
    await stack.destroy();
    expect(await harness.resources()).toEqual([]);
  });

  test("what ends by itself is waited for and stored, and no step begins after it", async () => {
    harness.provider.hook = (method) => (method === "create" ? delay(1_500) : undefined);
    const stack = await harness.stack(chain);
    const { text } = await stopped((signal) => stack.up({ signal }), isCalled("create", "a"));
    expect(text).not.toContain("did not end");
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
    expect(await pending()).toEqual([]);
    expect(harness.provider.log).toEqual(["create a"]);
  });

  test("told before it began, it does nothing", async () => {
    const stack = await harness.stack(chain);
    await expect(stack.up({ signal: AbortSignal.abort() })).rejects.toThrow("update canceled");
    expect(harness.provider.log).toEqual([]);
    expect(await locks()).toEqual([]);
  });

  test("one stack that hangs and is stopped keeps no other from its end", async () => {
    harness.provider.hook = (method, name) => (method === "create" && name === "stuck" ? never() : undefined);
    const stuck = await harness.stack(async () => void new Thing("stuck"), "stuck");
    const beside = await harness.stack(chain, "beside");
    const hanging = stopped((signal) => stuck.up({ signal }), isCalled("create", "stuck"));
    await beside.up();
    expect((await hanging).text).toContain("update canceled");
    await beside.destroy();
    expect(await harness.resources("beside")).toEqual([]);
  });
});

async function invokeEcho(): Promise<void> {
  const { runtime } = await import("@pulumi/pulumi");
  await runtime.invoke("test:index:echo", { value: "v" }, { version: "1.2.3" });
}
