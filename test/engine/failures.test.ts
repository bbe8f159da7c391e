import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, names, Thing } from "./support/harness.ts";
import { CUT_OFF } from "./support/testProvider.ts";

/** The stderr of a run that must fail. */
async function failure(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CommandError);
  return String(error);
}

describe("failures", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("a provider's error is shown word for word, what was made before stays in the state", async () => {
    harness.provider.failures.set("create:b", "no room for 'b': quota is 3");
    const text = await failure(
      harness.up(async () => {
        const a = new Thing("a");
        const b = new Thing("b", { value: a.id });
        void new Thing("c", { value: b.id });
      }),
    );
    expect(text).toContain("error: test:index:Thing b: no room for 'b': quota is 3\n");
    expect(harness.provider.log).toEqual(["create a", "create b"]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
    expect((await harness.checkpoint()).checkpoint.latest.pending_operations).toBeUndefined();
  });

  test("F12: a provider that went away in a create may have done it, so the intent stays in the state", async () => {
    harness.provider.failures.set("create:a", CUT_OFF);
    expect(await failure(harness.up(async () => void new Thing("a")))).toContain(CUT_OFF);
    const { pending_operations } = (await harness.checkpoint()).checkpoint.latest;
    expect(pending_operations).toEqual([expect.objectContaining({ type: "creating" })]);
  });

  test("a failed program leaves the stack's outputs, and with nothing changed the whole state", async () => {
    await harness.up(async () => ({ made: new Thing("a").made }));
    const before = await harness.checkpoint();
    await failure(
      harness.up(async () => {
        void new Thing("a");
        throw new Error("boom");
      }),
    );
    expect(await harness.checkpoint()).toEqual(before);
  });

  test("the next up goes on where the failed one stopped", async () => {
    const program = async (): Promise<void> => {
      const a = new Thing("a");
      void new Thing("b", { value: a.id });
    };
    harness.provider.failures.set("create:b", "not now");
    await failure(harness.up(program));
    harness.provider.reset();
    expect(await harness.up(program)).toEqual({ same: 2, create: 1 });
    expect(harness.provider.log).toEqual(["create b"]);
  });

  test("siblings that already run finish and are stored", async () => {
    const isRefused = () => harness.events.some(({ resOpFailedEvent }) => resOpFailedEvent !== undefined);
    harness.provider.hook = async (method, name) => {
      if (method === "create" && name === "bad")
        await until(() => harness.provider.log.includes("create slow"));
      if (method === "create" && name === "slow") await until(isRefused);
    };
    harness.provider.failures.set("create:bad", "refused");
    await failure(
      harness.up(async () => {
        const slow = new Thing("slow");
        void new Thing("bad");
        void new Thing("after", { value: slow.id });
      }),
    );
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "slow"]);
    expect(harness.provider.log.includes("create after")).toBe(false);
  });

  test("a resource that was made but isn't ready is stored with its reasons and updated by the next up", async () => {
    const program = (init?: string) => async () => void new Thing("a", init === undefined ? {} : { init });
    expect(await failure(harness.up(program("waiting for DNS")))).toContain("waiting for DNS");
    const [stored] = (await harness.resources()).slice(-1);
    expect([stored?.id, stored?.initErrors]).toEqual(["a-1", ["waiting for DNS"]]);
    harness.provider.reset();
    expect(await harness.up(program())).toEqual({ same: 1, update: 1 });
    expect((await harness.resources()).at(-1)?.initErrors).toBeUndefined();
  });

  test("a refused input names resource, property and reason, in the preview too", async () => {
    const program = async (): Promise<void> => void new Thing("a", { refuse: "expected 'x'; got 'y'" });
    const stack = await harness.stack(program);
    const expected =
      "error: test:index:Thing a: test:index:Thing resource 'a' has a problem: expected 'x'; got 'y'. Examine values at 'a.refuse'.\n";
    expect(await failure(stack.preview())).toContain(expected);
    expect(await failure(stack.up())).toContain(expected);
    expect(harness.provider.log).toEqual([]);
  });

  test("a failed delete leaves the resource and what it needs", async () => {
    await harness.up(async () => {
      const a = new Thing("a");
      void new Thing("b", { value: a.id });
    });
    harness.provider.failures.set("delete:b", "still in use");
    const stack = await harness.stack(async () => undefined);
    expect(await failure(stack.destroy())).toContain("error: test:index:Thing b: still in use\n");
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
  });

  test("a failed update keeps the old state", async () => {
    const program = (value: string) => async () => void new Thing("a", { value });
    await harness.up(program("1"));
    harness.provider.failures.set("update:a", "locked");
    expect(await failure(harness.up(program("2")))).toContain("locked");
    expect((await harness.resources()).at(-1)?.inputs).toEqual({ value: "1" });
  });

  test("a program that throws fails the run, deletes nothing and stores what it made", async () => {
    await harness.up(async () => void new Thing("old"));
    const text = await failure(
      harness.up(async () => {
        const made = new Thing("made");
        await new Promise((resolve) => made.id.apply(resolve));
        throw new Error("E_BROKEN: the program says no");
      }),
    );
    expect(text).toContain("E_BROKEN: the program says no");
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "made", "old"]);
  });

  test.each([
    ["throws from a timer", () => void setTimeout(() => raise("E_STRAY: thrown"), 5)],
    ["rejects a promise that nobody awaits", () => void Promise.reject(new Error("E_STRAY: rejected"))],
  ])("F10: a program that %s fails its own stack, and no other that runs beside it", async (_what, stray) => {
    let slow = 0;
    harness.provider.hook = async (method) => {
      if (method === "create") await new Promise((resolve) => setTimeout(resolve, ++slow * 40));
    };
    const stacks = await Promise.all(
      ["left", "broken", "right"].map((name) =>
        harness.stack(async () => {
          const made = new Thing("made");
          if (name === "broken") made.id.apply(() => stray());
          void new Thing("next", { value: made.id });
        }, name),
      ),
    );
    const runs = await Promise.allSettled(stacks.map((stack) => stack.up()));
    expect(runs.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(String((runs[1] as PromiseRejectedResult).reason)).toContain("E_STRAY");
    for (const name of ["left", "right"])
      expect(names(await harness.resources(name))).toEqual([`demo-${name}`, "default_1_2_3", "made", "next"]);
    expect(names(await harness.resources("broken"))).toContain("made");
  });

  test("F10: a stray error of a program whose run has ended is still told, by whoever runs", async () => {
    const [isOther, otherRuns] = gate();
    const [isThrown, thrown] = gate();
    const stray = async (): Promise<void> => {
      await isOther;
      setTimeout(() => {
        // Heard before whoever waits for this goes on.
        setImmediate(thrown);
        raise("E_LATE: thrown");
      });
    };
    const ended = await harness.stack(async () => void stray(), "ended");
    await ended.up();
    harness.provider.hook = async (method) => {
      if (method !== "create") return;
      otherRuns();
      await isThrown;
    };
    const running = await harness.stack(async () => void new Thing("slow"), "running");
    expect(await failure(running.up())).toContain("E_LATE: thrown");
  });

  test("a program that fails in an output fails the run, which ends", async () => {
    const program = async () => {
      const made = new Thing("made");
      const after = new Thing("after", { value: made.id.apply((id) => refuse(id)) });
      void new Thing("waiting", {}, { dependsOn: [after] });
    };
    expect(await failure(harness.up(program))).toContain("E_BROKEN: not made-1");
    expect(names(await harness.resources())).toContain("made");
    expect(names(await harness.resources())).not.toContain("after");
    await harness.up(async () => void new Thing("made"));
    const stack = await harness.stack(program);
    expect(await failure(stack.destroy({ runProgram: true }))).toContain("E_BROKEN: not made-1");
  });

  test("a failed replacement keeps the old resource until a later run deletes it", async () => {
    const program = (key: string) => async () => void new Thing("a", { key });
    await harness.up(program("1"));
    harness.provider.failures.set("delete:a", "busy");
    await failure(harness.up(program("2")));
    expect((await harness.resources()).map(({ id, delete: isDeleted }) => [id, isDeleted]).slice(-2)).toEqual(
      [
        ["a-2", undefined],
        ["a-1", true],
      ],
    );
    harness.provider.reset();
    await harness.up(program("2"));
    expect(harness.provider.log).toEqual(["delete a"]);
    expect([...harness.provider.world.keys()]).toEqual(["a-2"]);
  });

  test("a package without a plugin is named", async () => {
    const stack = await harness.stack(async () => void new Thing("a"), "dev", { PULUMI_DEBUG_PROVIDERS: "" });
    expect(await failure(stack.up())).toContain(
      "no plugin for the package 'test': it is not in PULUMI_DEBUG_PROVIDERS, not under 'plugins.providers' in Pulumi.yaml, and 'pulumi-resource-test' is not on PATH",
    );
  });

  test("--expect-no-changes fails after changes", async () => {
    const stack = await harness.stack(async () => void new Thing("a"));
    expect(await failure(stack.up({ expectNoChanges: true }))).toContain(
      "no changes were expected but changes occurred",
    );
    await stack.up({ expectNoChanges: true });
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

/** A promise, and what keeps it. */
function gate(): [Promise<void>, () => void] {
  let open: () => void = () => undefined;
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [isOpen, open];
}

function raise(message: string): never {
  throw new Error(message);
}

function refuse(id: string): string {
  throw new Error(`E_BROKEN: not ${id}`);
}
