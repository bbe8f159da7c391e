import { getStack, type InvokeOptions, output, runtime, StackReference, secret } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, names, TestInstance, Thing } from "./support/harness.ts";

describe("reads, imports, invokes and stack references", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("a read resource is external: in the state, never changed, only forgotten", async () => {
    harness.provider.world.set("there", { value: "v" });
    const program = async (): Promise<Record<string, unknown>> => {
      const got = new Thing("got", {}, { id: "there" });
      return { made: got.made };
    };
    const stack = await harness.stack(program);
    expect((await stack.up()).outputs).toEqual({ made: { value: "made got", secret: false } });
    const state = (await harness.resources()).at(-1);
    expect([state?.id, state?.external]).toEqual(["there", true]);
    await stack.destroy();
    expect(harness.provider.log).toEqual(["read got"]);
    expect([...harness.provider.world.keys()]).toEqual(["there"]);
  });

  test("reading what isn't there fails the run", async () => {
    const run = harness.up(async () => void new Thing("got", {}, { id: "nowhere" }));
    await expect(run).rejects.toThrow("resource 'nowhere' does not exist");
  });

  test("an import takes a resource as it is, and updates it to the program's wish", async () => {
    harness.provider.world.set("there", { value: "v" });
    const same = async (): Promise<void> => void new Thing("a", { value: "v" }, { import: "there" });
    expect(await harness.preview(same)).toEqual({ create: 1, import: 1 });
    expect(await harness.up(same)).toMatchObject({ create: 1, import: 1 });
    expect(harness.provider.log).toEqual(["read a", "read a"]);
    expect(await harness.up(same)).toEqual({ same: 2 });
    const changed = async (): Promise<void> => {
      void new Thing("a", { value: "v" }, { import: "there" });
      void new Thing("b", { value: "new" }, { import: "other" });
    };
    harness.provider.world.set("other", { value: "old" });
    harness.provider.reset();
    await harness.up(changed);
    expect(harness.provider.log).toEqual(["read b", "update b"]);
    expect((await harness.resources()).at(-1)?.importID).toBe("other");
  });

  test("an invoke goes to the default or the given provider; secrets stay secret", async () => {
    const program = async (): Promise<Record<string, unknown>> => {
      const provider = new TestInstance("p", { region: "us" });
      const options: InvokeOptions = { version: "1.2.3" };
      const plain = await runtime.invoke("test:index:echo", { value: "x" }, options);
      const hidden = runtime.invokeOutput<{ echo: string }>(
        "test:index:echo",
        { value: secret("s") },
        { provider },
      );
      return { plain: plain.echo, hidden: hidden.echo };
    };
    const stack = await harness.stack(program);
    expect((await stack.up()).outputs).toEqual({
      plain: { value: "x", secret: false },
      hidden: { value: "s", secret: true },
    });
  });

  test("a failed invoke carries the provider's words", async () => {
    harness.provider.failures.set("invoke:", "master is unreachable");
    const run = harness.up(async () => {
      await runtime.invoke("test:index:echo", {}, { version: "1.2.3" });
    });
    await expect(run).rejects.toThrow(
      "invocation of test:index:echo returned an error: master is unreachable",
    );
  });

  test("a stack reference gives another stack's outputs, secrets as secrets", async () => {
    await harness.up(async () => ({ host: "db", password: secret("pw") }), "platform");
    const program = async (): Promise<Record<string, unknown>> => {
      const platform = new StackReference("platform", { name: "organization/demo/platform" });
      return {
        host: platform.getOutput("host"),
        password: platform.requireOutput("password"),
        self: getStack(),
      };
    };
    const stack = await harness.stack(program);
    expect((await stack.up()).outputs).toEqual({
      host: { value: "db", secret: false },
      password: { value: "pw", secret: true },
      self: { value: "dev", secret: false },
    });
    expect(names(await harness.resources())).toEqual(["demo-dev", "default", "platform"]);
    const before = await harness.files();
    await harness.up(program);
    expect(await harness.files()).toEqual(before);
    await stack.destroy();
    expect(await harness.resources()).toEqual([]);
  });

  test("a reference to a stack that isn't there is named", async () => {
    const run = harness.up(async () => void new StackReference("p", { name: "organization/demo/absent" }));
    await expect(run).rejects.toThrow('unknown stack "organization/demo/absent"');
  });

  test("resources in outputs and inputs travel as references and read back", async () => {
    const program = async (): Promise<Record<string, unknown>> => {
      const a = new Thing("a", { value: "v" });
      const b = new Thing("b", { ref: a, list: output([a.id]) });
      return { a, id: b.id };
    };
    const stack = await harness.stack(program);
    const { outputs } = await stack.up();
    expect(outputs.id?.value).toBe("b-2");
    expect(outputs.a?.value).toMatchObject({ id: "a-1", made: "made a", value: "v" });
    expect(await harness.up(program)).toEqual({ same: 3 });
  });
});
