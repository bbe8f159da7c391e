import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import { getMonitor } from "@pulumi/pulumi/runtime/settings.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure } from "./support/failure.ts";
import { Component, Harness, names, TestInstance, Thing, urnOf } from "./support/harness.ts";

type Program = () => Promise<unknown>;

const GOING_ON = { continueOnError: true };

describe("--continue-on-error", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  /** `b` needs `a`, `c` needs `b`; `x` and `y`, which needs `x`, need none of them. */
  const program = (text: string): Program => {
    return async () => {
      const a = new Thing("a", { value: text });
      const b = new Thing("b", { value: text, from: a.id });
      void new Thing("c", { value: text, from: b.id });
      const x = new Thing("x", { value: text });
      void new Thing("y", { value: text, from: x.id });
    };
  };

  async function up(run: Program, ...failures: readonly string[]): Promise<string> {
    harness.provider.reset();
    for (const call of failures) harness.provider.failures.set(call, `${call} fails`);
    return await failure((await harness.stack(run as () => Promise<void>)).up(GOING_ON));
  }

  async function stored(): Promise<readonly string[]> {
    return [...names(await harness.resources())].sort();
  }

  test("what depends on a failed create isn't made, the rest is, and the next up makes what is missing", async () => {
    const told = await up(program("1"), "create:b", "create:y");
    expect(told).toContain("error: test:index:Thing b: create:b fails\n");
    expect(told).toContain("error: test:index:Thing y: create:y fails\n");
    expect(told).not.toContain("Thing c");
    expect([...harness.provider.log].sort()).toEqual(["create a", "create b", "create x", "create y"]);
    expect(await stored()).toEqual(["a", "default_1_2_3", "demo-dev", "x"]);
    harness.provider.reset();
    expect(await harness.up(program("1") as () => Promise<void>)).toEqual({ same: 3, create: 3 });
  });

  test("a failed update leaves its resource and those that need it as they were", async () => {
    await harness.up(program("1") as () => Promise<void>);
    await up(program("2"), "update:a");
    expect([...harness.provider.log].sort()).toEqual(["update a", "update x", "update y"]);
    const things = (await harness.resources()).filter(({ type }) => type === "test:index:Thing");
    const values = Object.fromEntries(things.map((thing) => [names([thing])[0], thing.inputs?.value]));
    expect(values).toEqual({ a: "1", b: "1", c: "1", x: "2", y: "2" });
  });

  test("the program learns what failed and what was skipped; an SDK that can't be told gets an error", async () => {
    harness.provider.failures.set("create:bad", "no");
    const answers: unknown[] = [];
    await up(async () => {
      answers.push(await registration("bad", [], true));
      answers.push(await registration("good", [], true));
      answers.push(await registration("user", [urnOf("bad")], true));
      answers.push(await registration("next", [urnOf("user")], true));
      answers.push(await registration("old", [urnOf("user")], false));
    }, "create:bad");
    const { FAIL, SUCCESS, SKIP } = resourcePb.Result;
    expect(answers).toEqual([FAIL, SUCCESS, SKIP, SKIP, "resource registration failed"]);
    expect(await stored()).toEqual(["default_1_2_3", "demo-dev", "good"]);
  });

  test("outputs of what failed are unknown; outputs of the stack that hang on them stay as they were", async () => {
    let applied = 0;
    const outputs = (text: string): Program => {
      return async () => {
        const a = new Thing("a", { value: text });
        return { made: a.made.apply((made) => `${made} ${applied++}`), plain: text };
      };
    };
    await (await harness.stack(outputs("1") as () => Promise<Record<string, unknown>>)).up();
    await up(outputs("2"), "update:a");
    expect(applied).toBe(1);
    expect((await harness.resources())[0]?.outputs).toEqual({ made: "made a 0", plain: "2" });
  });

  test("children of a component that is skipped are skipped, and its outputs aren't stored", async () => {
    await up(async () => {
      const a = new Thing("a");
      void new Component("comp", { dependsOn: [a] });
      void new Thing("b");
    }, "create:a");
    expect(await stored()).toEqual(["b", "default_1_2_3", "demo-dev"]);
  });

  test("a failed delete keeps what its resource needs, and nothing else", async () => {
    await harness.up(program("1") as () => Promise<void>);
    const stack = await harness.stack(async () => undefined);
    harness.provider.failures.set("delete:b", "still in use");
    expect(await failure(stack.destroy(GOING_ON))).toContain("error: test:index:Thing b: still in use\n");
    expect(await stored()).toEqual(["a", "b", "default_1_2_3", "demo-dev"]);
    harness.provider.reset();
    await stack.destroy(GOING_ON);
    expect(harness.provider.log).toEqual(["delete b", "delete a"]);
    expect(await stored()).toEqual([]);
  });

  test("F8: what a failed or skipped resource needs isn't deleted, though the program has dropped it", async () => {
    const before: Program = async () => {
      const root = new Thing("root");
      const needed = new Thing("needed", { from: root.id });
      const a = new Thing("a", { value: "1" });
      void new Thing("b", { from: needed.id, other: a.id });
      void new Thing("loose");
    };
    await harness.up(before as () => Promise<void>);
    const after: Program = async () => {
      const a = new Thing("a", { value: "2" });
      void new Thing("b", { other: a.id });
    };
    await up(after, "update:a");
    expect([...harness.provider.log].sort()).toEqual(["delete loose", "update a"]);
    expect(await stored()).toEqual(["a", "b", "default_1_2_3", "demo-dev", "needed", "root"]);
    harness.provider.reset();
    await harness.up(after as () => Promise<void>);
    expect(await stored()).toEqual(["a", "b", "default_1_2_3", "demo-dev"]);
  });

  test("a replacement of which the dependents failed stays marked for deletion until they are moved", async () => {
    const keyed = (key: string): Program => {
      return async () => {
        const a = new Thing("a", { key });
        void new Thing("b", { from: a.id });
      };
    };
    await harness.up(keyed("1") as () => Promise<void>);
    await up(keyed("2"), "update:b");
    expect(harness.provider.log).toEqual(["create a", "update b"]);
    expect((await harness.resources()).map(({ id, delete: isOld }) => [id, isOld]).slice(-3)).toEqual([
      ["a-3", undefined],
      ["a-1", true],
      ["b-2", undefined],
    ]);
    harness.provider.reset();
    await harness.up(keyed("2") as () => Promise<void>);
    expect(harness.provider.log).toEqual(["update b", "delete a"]);
  });

  test("a delete before replacement that fails keeps both, and neither is made twice", async () => {
    const first = (dbr: string): Program => {
      return async () => {
        const a = new Thing("a", { dbr });
        void new Thing("b", { key: a.id });
      };
    };
    await harness.up(first("1") as () => Promise<void>);
    await up(first("2"), "delete:b");
    expect(harness.provider.log).toEqual(["delete b"]);
    expect([...harness.provider.world.keys()]).toEqual(["a-1", "b-2"]);
    harness.provider.reset();
    await harness.up(first("2") as () => Promise<void>);
    expect(harness.provider.log).toEqual(["delete b", "delete a", "create a", "create b"]);
  });

  test("what failed to be deleted ahead of a replacement isn't made beside itself", async () => {
    await harness.up(async () => {
      const a = new Thing("a", { dbr: "1" });
      void new Thing("b", { key: a.id });
    });
    await up(async () => {
      void new Thing("a", { dbr: "2" });
      await new Promise((resolve) => setTimeout(resolve, 300));
      void new Thing("b", { key: "free" });
    }, "delete:b");
    expect(harness.provider.log).toEqual(["delete b"]);
    expect([...harness.provider.world.keys()]).toEqual(["a-1", "b-2"]);
  });

  test("resources of a provider that can't be configured are skipped", async () => {
    harness.provider.hook = (method) => {
      if (method === "configure" && harness.provider.calls.some(({ method: each }) => each === "create"))
        throw new Error("no such region");
    };
    const told = await failure(
      (
        await harness.stack(async () => {
          const first = new Thing("first");
          const provider = new TestInstance("p", { region: first.id });
          void new Thing("placed", {}, { provider });
          void new Thing("free");
        })
      ).up(GOING_ON),
    );
    expect(told).toContain("no such region");
    expect(await stored()).toEqual(["default_1_2_3", "demo-dev", "first", "free"]);
  });

  test("an import that fails fails its resource alone", async () => {
    await up(async () => {
      const got = new Thing("got", {}, { import: "missing" });
      void new Thing("user", { from: got.id });
      void new Thing("free");
    });
    expect(await stored()).toEqual(["default_1_2_3", "demo-dev", "free"]);
  });

  test("protected resources and what they need stay, the others are destroyed", async () => {
    await harness.up(async () => {
      const a = new Thing("a");
      void new Thing("b", { from: a.id }, { protect: true });
      void new Thing("c");
    });
    const stack = await harness.stack(async () => undefined);
    expect(await failure(stack.destroy(GOING_ON))).toContain("because it is protected");
    expect(await stored()).toEqual(["a", "b", "default_1_2_3", "demo-dev"]);
  });

  test("a refused input and a state that can't be stored end the run all the same", async () => {
    await up(async () => {
      const bad = new Thing("bad", { refuse: "no" });
      void new Thing("after", {}, { dependsOn: [new Thing("first", {}, { dependsOn: [bad] })] });
    });
    expect(harness.provider.log).toEqual([]);
    let isFull = false;
    harness.onPoint = (point) => {
      if (point === "create:test:index:Thing:a:after") isFull = true;
      if (!isFull || !point.startsWith("state:")) return;
      harness.onPoint = undefined;
      throw new Error("the disk is full");
    };
    const told = await up(async () => {
      void new Thing("a");
      await new Promise((resolve) => setTimeout(resolve, 300));
      void new Thing("later");
    });
    expect(told).toContain("the disk is full");
    expect(harness.provider.log).toEqual(["create a"]);
  });

  test("PULUMI_CONTINUE_ON_ERROR stands for the flag of up and destroy", async () => {
    harness.provider.failures.set("create:a", "no");
    const environment = { PULUMI_CONTINUE_ON_ERROR: "1" };
    const stack = await harness.stack(program("1") as () => Promise<void>, "dev", environment);
    await failure(stack.up());
    expect(await stored()).toEqual(["default_1_2_3", "demo-dev", "x", "y"]);
  });
});

/** Registers a Thing as an SDK does, and gives the result or the error's text. */
async function registration(
  name: string,
  dependencies: string[],
  isReported: boolean,
): Promise<number | string> {
  const request = new resourcePb.RegisterResourceRequest();
  request.setType("test:index:Thing").setName(name).setCustom(true).setVersion("1.2.3");
  request.setDependenciesList(dependencies).setSupportsresultreporting(isReported);
  request.setParent("urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev");
  const monitor = getMonitor() as unknown as {
    registerResource(
      request: resourcePb.RegisterResourceRequest,
      answer: (error: { details: string } | null, reply: resourcePb.RegisterResourceResponse) => void,
    ): void;
  };
  return await new Promise((resolve) =>
    monitor.registerResource(request, (error, reply) =>
      resolve(error === null ? reply.getResult() : error.details),
    ),
  );
}
