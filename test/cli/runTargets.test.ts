import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { runTargets, type TargetAction, worstExitCode } from "../../src/cli/runTargets.ts";
import type { Target } from "../../src/cli/targets.ts";
import { UserError } from "../../src/tenant/errors.ts";
import { OPTIONS, recordingContext } from "./context.ts";

const PLATFORM = { name: "platform", stack: "local" };
const tenants = (...names: string[]): Target[] => names.map((name) => ({ name, stack: `local.${name}` }));

/** Runs an action on targets and answers what was printed and how each ended. */
async function run(
  targets: readonly Target[],
  action: TargetAction,
  { parallel, signal }: { readonly parallel?: number; readonly signal?: AbortSignal } = {},
) {
  const { context, out } = recordingContext("/");
  const outcomes = await runTargets(
    targets,
    action,
    parallel === undefined ? OPTIONS : { ...OPTIONS, parallel },
    signal === undefined ? context : { ...context, signal },
  );
  return { out: out(), codes: outcomes.map(({ target, exitCode }) => [target.name, exitCode]), outcomes };
}

/** An action that takes a while, and what of it was at work at once. */
function watched(body: TargetAction = async () => ({ summary: "done" })) {
  const begun: string[] = [];
  const seen = { running: 0, most: 0, withPlatform: 0 };
  const action: TargetAction = async (target, onEvent) => {
    begun.push(target.name);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    if (target.name === PLATFORM.name) seen.withPlatform = Math.max(seen.withPlatform, seen.running);
    await delay(20);
    if (target.name === PLATFORM.name) seen.withPlatform = Math.max(seen.withPlatform, seen.running);
    try {
      return await body(target, onEvent);
    } finally {
      seen.running -= 1;
    }
  };
  return { action, begun, seen };
}

test("one at a time, in order, unless more are asked for", async () => {
  const { action, begun, seen } = watched();
  await run(tenants("a", "b", "c"), action);
  expect(begun).toEqual(["a", "b", "c"]);
  expect(seen.most).toBe(1);
});

test("as many at once as asked for, begun in order; the platform is alone, first and last", async () => {
  const { action, begun, seen } = watched();
  const list = [PLATFORM, ...tenants("a", "b", "c", "d", "e"), PLATFORM];
  const { codes } = await run(list, action, { parallel: 3 });
  expect(begun).toEqual(list.map(({ name }) => name));
  expect(seen).toEqual({ running: 0, most: 3, withPlatform: 1 });
  expect(codes).toEqual(list.map(({ name }) => [name, 0]));
});

test("a tenant fails alone, and the run ends with its worst tenant's code", async () => {
  const { action } = watched(async ({ name }) => {
    if (name === "b") throw new UserError("E_LOCKED", "somebody has it.");
    return { summary: "done" };
  });
  const { codes, outcomes, out } = await run(tenants("a", "b", "c"), action, { parallel: 2 });
  expect(codes).toEqual([
    ["a", 0],
    ["b", 5],
    ["c", 0],
  ]);
  expect(worstExitCode(outcomes)).toBe(5);
  expect(out).toContain("b  failed: E_LOCKED: somebody has it.");
});

test("a failed platform stops the tenants, and that is told of each", async () => {
  const { action, begun } = watched(async () => {
    throw new UserError("E_UNREACHABLE", "away.");
  });
  const { codes, out } = await run([PLATFORM, ...tenants("a", "b")], action, { parallel: 2 });
  expect(begun).toEqual(["platform"]);
  expect(codes).toEqual([
    ["platform", 1],
    ["a", 1],
    ["b", 1],
  ]);
  expect(out).toContain("a         not begun: the platform failed");
});

test("after Ctrl-C those under way end and no other begins", async () => {
  const controller = new AbortController();
  const { action, begun } = watched(async ({ name }) => {
    if (name === "a") controller.abort();
    return { summary: "done" };
  });
  const { codes, out } = await run(tenants("a", "b", "c", "d"), action, {
    parallel: 2,
    signal: controller.signal,
  });
  expect(begun).toEqual(["a", "b"]);
  expect(codes).toEqual([
    ["a", 0],
    ["b", 0],
    ["c", 1],
    ["d", 1],
  ]);
  expect(out).toContain("d  interrupted before it began");
});

test("a defect of ours ends the run when those under way have ended; none begins", async () => {
  const { action, begun, seen } = watched(async ({ name }) => {
    if (name === "a") throw new TypeError("a defect");
    await delay(40);
    return { summary: "done" };
  });
  await expect(run(tenants("a", "b", "c", "d"), action, { parallel: 2 })).rejects.toThrow("a defect");
  expect(begun).toEqual(["a", "b"]);
  expect(seen.running).toBe(0);
});
