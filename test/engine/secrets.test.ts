import { readFile } from "node:fs/promises";
import { Config, output, secret } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, Thing } from "./support/harness.ts";
import { TestProvider } from "./support/testProvider.ts";

const CANARY = "c4n4ry'\"%@ü\n";

describe.each([true, false])("secrets, with a provider that accepts them: %s", (acceptSecrets) => {
  let harness: Harness;
  beforeEach(async () => {
    const provider = new TestProvider();
    provider.acceptSecrets = acceptSecrets;
    harness = await Harness.create(provider);
  });
  afterEach(() => harness.close());

  const program = async (): Promise<Record<string, unknown>> => {
    const a = new Thing("a", { value: secret(CANARY), list: [{ deep: secret(CANARY) }] });
    const b = new Thing("b", { value: a.value }, { additionalSecretOutputs: ["made"] });
    return { value: b.value, made: b.made, nested: { inner: a.value } };
  };

  test("no plain text in any file or event, and all of it comes back", async () => {
    const stack = await harness.stack(program);
    const { outputs, stdout, stderr } = await stack.up({ onEvent: (event) => harness.events.push(event) });
    expect(outputs).toEqual({
      value: { value: CANARY, secret: true },
      made: { value: "made b", secret: true },
      nested: { value: { inner: CANARY }, secret: true },
    });
    const written = JSON.stringify([await harness.files(), harness.events, stdout, stderr]);
    expect(written).not.toContain("c4n4ry");
  });

  test("ciphertexts stay while values do", async () => {
    await harness.up(program);
    const before = (await harness.resources()).find(({ urn }) => urn.endsWith("::a"));
    await harness.up(async () => {
      await program();
      void new Thing("c");
    });
    expect((await harness.resources()).find(({ urn }) => urn.endsWith("::a"))).toEqual(before);
  });

  test("a masked output says [secret], an export shows secrets only when asked", async () => {
    const stack = await harness.stack(program);
    await stack.up();
    const masked = await harness.run(["stack", "output", "--json", "--stack", "dev"]);
    expect(JSON.parse(masked.stdout)).toEqual({ value: "[secret]", made: "[secret]", nested: "[secret]" });
    const hidden = await harness.run(["stack", "export", "--stack", "dev"]);
    expect(hidden.stdout).not.toContain("c4n4ry");
    expect(JSON.stringify(await stack.exportStack())).toContain("c4n4ry");
  });
});

describe("secrets and unknowns", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  test("a wrong passphrase is refused and nothing is touched", async () => {
    await harness.up(async () => void new Thing("a", { value: secret("x") }));
    const before = await harness.files();
    const stack = await harness.stack(async () => undefined, "dev", { PULUMI_CONFIG_PASSPHRASE: "other" });
    await expect(stack.up()).rejects.toThrow("incorrect passphrase");
    expect(await harness.files()).toEqual(before);
  });

  test("in a preview what comes from a new resource is unknown, and known after the update", async () => {
    const seen: unknown[] = [];
    const program = async (): Promise<Record<string, unknown>> => {
      const a = new Thing("a", { value: "x" });
      a.made.apply((made) => seen.push(made));
      return { joined: output([a.made, "y"]).apply((parts) => parts.join("")) };
    };
    expect(await harness.preview(program)).toEqual({ create: 2 });
    expect(seen).toEqual([]);
    await harness.up(program);
    expect(seen).toEqual(["made a"]);
    const stack = await harness.stack(program);
    expect(await stack.outputs()).toEqual({ joined: { value: "made ay", secret: false } });
  });

  test("config comes from the environment's file, which is never written", async () => {
    const path = `${harness.root}/env.yaml`;
    const before = await readFile(path, "utf8");
    let greeting: string | undefined;
    await harness.up(async () => {
      greeting = new Config("demo").require("greeting");
    });
    expect(greeting).toBe("hello");
    expect(await readFile(path, "utf8")).toBe(before);
  });
});
