import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Component, Harness, names, TestInstance, Thing } from "./support/harness.ts";

describe("changes", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  /** Runs `before`, forgets its calls, runs `after`. */
  async function change(
    before: () => Promise<void>,
    after: () => Promise<void>,
  ): Promise<Record<string, number>> {
    await harness.up(before);
    harness.provider.reset();
    return await harness.up(after);
  }

  test("a changed input updates in place and keeps the id", async () => {
    const counts = await change(
      async () => void new Thing("a", { value: "one" }),
      async () => void new Thing("a", { value: "two" }),
    );
    expect(counts).toEqual({ same: 1, update: 1 });
    expect(harness.provider.log).toEqual(["update a"]);
    const a = (await harness.resources()).at(-1);
    expect([a?.id, a?.inputs]).toEqual(["a-1", { value: "two" }]);
  });

  test("a replacement is made before the old one goes, and its dependents follow", async () => {
    const program = (key: string) => async () => {
      const a = new Thing("a", { key });
      void new Thing("b", { key: a.id });
    };
    const counts = await change(program("1"), program("2"));
    expect(counts).toEqual({ same: 1, replace: 2 });
    expect(harness.provider.log).toEqual(["create a", "create b", "delete b", "delete a"]);
    expect((await harness.resources()).filter(({ delete: isDeleted }) => isDeleted)).toEqual([]);
  });

  test("delete-before-replace deletes the dependents that it replaces first and makes them anew", async () => {
    const program = (dbr: string) => async () => {
      const a = new Thing("a", { dbr });
      const b = new Thing("b", { key: a.id });
      void new Thing("c", { value: b.id });
      void new Thing("d", {}, { dependsOn: [a] });
    };
    const counts = await change(program("1"), program("2"));
    expect(counts).toEqual({ same: 2, replace: 2, update: 1 });
    expect(harness.provider.log).toEqual(["delete b", "delete a", "create a", "create b", "update c"]);
    expect((await harness.resources()).some((resource) => resource.pendingReplacement)).toBe(false);
  });

  test("deleteBeforeReplace as an option overrides the provider", async () => {
    const program = (key: string) => async () => void new Thing("a", { key }, { deleteBeforeReplace: true });
    await change(program("1"), program("2"));
    expect(harness.provider.log).toEqual(["delete a", "create a"]);
  });

  test("what a dependent of a deleted-first resource leaves is forgotten when the program drops it", async () => {
    await change(
      async () => {
        const a = new Thing("a", { dbr: "1" });
        void new Thing("b", { key: a.id });
      },
      async () => void new Thing("a", { dbr: "2" }),
    );
    expect(harness.provider.log).toEqual(["delete b", "delete a", "create a"]);
    expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a"]);
  });

  test("replaceOnChanges turns an update into a replacement", async () => {
    const program = (value: string) => async () =>
      void new Thing("a", { value }, { replaceOnChanges: ["value"] });
    expect(await change(program("1"), program("2"))).toEqual({ same: 1, replace: 1 });
  });

  test("replaceWith replaces with its target in both modes", async () => {
    for (const key of ["key", "dbr"]) {
      const program = (text: string) => async () => {
        const a = new Thing(`a-${key}`, { [key]: text });
        void new Thing(`b-${key}`, {}, { replaceWith: [a] });
      };
      expect(await change(program("1"), program("2"))).toMatchObject({ replace: 2 });
    }
    expect((await harness.checkpoint()).features).toEqual(["replaceWith"]);
  });

  test("ignoreChanges keeps the old value at a key and at a path", async () => {
    const program = (value: string) => async () =>
      void new Thing(
        "a",
        { value, deep: { list: [value, value] } },
        { ignoreChanges: ["value", "deep.list[0]"] },
      );
    const counts = await change(program("1"), program("2"));
    expect(counts).toEqual({ same: 1, update: 1 });
    expect(harness.provider.calls.find(({ method }) => method === "update")?.inputs).toEqual({
      value: "1",
      deep: { list: ["1", "2"] },
    });
  });

  test("what the program drops is deleted after everything else", async () => {
    const counts = await change(
      async () => {
        const a = new Thing("a");
        void new Thing("b", { value: a.id });
      },
      async () => void new Thing("c"),
    );
    expect(counts).toEqual({ same: 1, create: 1, delete: 2 });
    expect(harness.provider.log).toEqual(["create c", "delete b", "delete a"]);
  });

  test("retainOnDelete and deletedWith leave the provider alone", async () => {
    await change(
      async () => {
        const a = new Thing("a");
        void new Thing("kept", {}, { retainOnDelete: true });
        void new Thing("with", {}, { deletedWith: a });
      },
      async () => undefined,
    );
    expect(harness.provider.log).toEqual(["delete a"]);
    expect(names(await harness.resources())).toEqual(["demo-dev"]);
  });

  test("a protected resource is refused by preview, up and destroy, and all stays", async () => {
    const program = async (): Promise<void> => {
      const a = new Thing("a");
      void new Thing("b", { value: a.id }, { protect: true });
    };
    await harness.up(program);
    const before = await harness.resources();
    const stack = await harness.stack(async () => undefined);
    await expect(stack.preview()).rejects.toThrow("because it is protected");
    await expect(stack.up()).rejects.toThrow("because it is protected");
    await expect(stack.destroy()).rejects.toThrow("because it is protected");
    expect(harness.provider.log).toEqual(["create a", "create b"]);
    expect(names(await harness.resources())).toEqual(names(before));
  });

  test("a protected resource is not replaced, also as a dependent", async () => {
    const program = (key: string, protect: boolean) => async () => {
      const a = new Thing("a", { dbr: key });
      void new Thing("b", { key: a.id }, { protect });
    };
    await harness.up(program("1", true));
    await expect(harness.up(program("2", true))).rejects.toThrow("marked for protection");
    const own = (key: string) => async () => void new Thing("own", { key }, { protect: true });
    await harness.up(own("1"), "other");
    await expect(harness.up(own("2"), "other")).rejects.toThrow("marked for protection");
    expect(harness.provider.log.filter((line) => line.startsWith("delete"))).toEqual([]);
  });

  test("a changed protect alone is stored without a provider call", async () => {
    const program = (protect: boolean) => async () => void new Thing("a", {}, { protect });
    expect(await change(program(true), program(false))).toEqual({ same: 2 });
    expect((await harness.resources()).at(-1)?.protect).toBeUndefined();
  });

  test("an alias keeps a renamed resource, its children's references follow", async () => {
    const counts = await change(
      async () => {
        const old = new Component("old");
        void new Thing("user", { value: old.child.id });
      },
      async () => {
        const renamed = new Component("new", { aliases: [{ name: "old" }] });
        void new Thing("user", { value: renamed.child.id });
      },
    );
    expect(counts).toEqual({ same: 4 });
    expect(harness.provider.log).toEqual([]);
    const resources = await harness.resources();
    expect(names(resources)).toEqual(["demo-dev", "new", "default_1_2_3", "new-child", "user"]);
    expect(JSON.stringify(resources)).not.toContain("::old");
  });

  test("an explicit provider's changed config is an update and is used at once", async () => {
    const program = (region: string) => async () => {
      const provider = new TestInstance("p", { region });
      void new Thing("a", { value: region }, { provider });
    };
    expect(await change(program("eu"), program("us"))).toEqual({ same: 1, update: 2 });
    expect(harness.provider.configs.map(({ args }) => args.region)).toEqual(["us"]);
  });

  test("a provider that must be replaced replaces its resources", async () => {
    const program = (key: string) => async () => {
      const provider = new TestInstance("p", { key });
      void new Thing("a", {}, { provider });
    };
    expect(await change(program("1"), program("2"))).toEqual({ same: 1, replace: 2 });
    expect(harness.provider.log).toEqual(["create a", "delete a"]);
    expect(harness.provider.configs.map(({ args }) => args.key).sort()).toEqual(["1", "2"]);
  });

  test("customTimeouts reach the provider in seconds and the state", async () => {
    await harness.up(
      async () => void new Thing("a", {}, { customTimeouts: { create: "1m30s", delete: "2h" } }),
    );
    expect(harness.provider.calls.find(({ method }) => method === "create")?.timeout).toBe(90);
    expect((await harness.resources()).at(-1)?.customTimeouts).toEqual({ create: 90, delete: 7200 });
  });

  test("two resources of one name are refused", async () => {
    const program = async (): Promise<void> => {
      void new Thing("a");
      void new Thing("a");
    };
    await expect(harness.up(program)).rejects.toThrow("Duplicate resource URN");
  });
});
