import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { asset, ResourceHook, runtime } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, Thing } from "./support/harness.ts";

interface Failed {
  readonly commandResult: { readonly code: number; readonly stderr: string };
}

describe("what the engine doesn't do is refused by name with exit code 2", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  async function refusal(run: Promise<unknown>): Promise<string> {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason as Failed,
    );
    expect(error?.commandResult.code).toBe(2);
    return error?.commandResult.stderr ?? "";
  }

  test.each([
    [["state", "move"], "the command `pulumi state move`"],
    [["config", "cp", "k"], "the command `pulumi config cp`"],
    [["stack", "tag", "ls"], "the command `pulumi stack tag`"],
    [["import", "--file", "x"], "the command `pulumi import`"],
    [["watch"], "the command `pulumi watch`"],
    [["destroy", "--exclude-dependents"], "the flag `--exclude-dependents` of `pulumi destroy`"],
    [["refresh", "--continue-on-error"], "the flag `--continue-on-error` of `pulumi refresh`"],
    [["up", "--plan", "x"], "the flag `--plan` of `pulumi up`"],
    [["up", "--color=always"], "the flag `--color=always`: it prints no colours"],
    [["stack", "init", "x", "--secrets-provider", "awskms://k"], "the secrets provider 'awskms://k'"],
  ])("%j", async (args, what) => {
    await harness.stack(async () => undefined);
    expect(await refusal(harness.run(args))).toContain(
      `the embedded engine does not support ${what}. Run it with the official CLI (\`--engine official\`).`,
    );
  });

  test("options of the environment that no command has", async () => {
    const run = harness.run(["stack", "ls"], { PULUMI_OPTION_POLICY_PACK: "x" });
    expect(await refusal(run)).toContain("the environment variable PULUMI_OPTION_POLICY_PACK");
    await harness.run(["stack", "ls"], { PULUMI_OPTION_RUN_PROGRAM: "true", PULUMI_OPTION_COLOR: "never" });
  });

  test.each([
    ["env.yaml", "secretsprovider: azurekeyvault://v/k\n", "the secrets provider 'azurekeyvault://v/k' in "],
    ["env.yaml", "environment: [dev]\n", "'environment' in "],
    ["Pulumi.yaml", "options: { refresh: always }\n", "'options' in the project file in "],
  ])("a setting in %s: %s", async (file, text, what) => {
    await harness.stack(async () => undefined);
    await appendFile(join(harness.root, file), text);
    expect(await refusal(harness.stack(async () => undefined).then((stack) => stack.preview()))).toContain(
      what,
    );
  });

  test("another backend than files", async () => {
    const run = harness.run(["stack", "ls"], { PULUMI_BACKEND_URL: "s3://bucket" });
    expect(await refusal(run)).toContain("the backend 's3://bucket' (only file:// backends)");
  });

  test.each([
    ["the option 'transforms'", async () => void new Thing("a", {}, { transforms: [() => undefined] })],
    ["assets and archives", async () => void new Thing("a", { file: new asset.StringAsset("x") })],
    ["the option 'hideDiffs'", async () => void new Thing("a", {}, { hideDiffs: ["value"] })],
    ["the option 'replacementTrigger'", async () => void new Thing("a", {}, { replacementTrigger: "x" })],
    ["calls of resource methods", async () => void (await callMethod())],
  ])("%s", async (what, program) => {
    const stack = await harness.stack(program);
    const error = await stack.up().then(
      () => undefined,
      (reason: unknown) => reason as Failed,
    );
    const expected = what.includes("transforms") ? "does not support transforms" : what;
    expect(error?.commandResult.stderr).toContain(expected);
    expect(harness.provider.log).toEqual([]);
  });

  test("hooks", async () => {
    const program = async (): Promise<void> => {
      const hook = new ResourceHook("h", () => undefined);
      void new Thing("a", {}, { hooks: { afterCreate: [hook] } });
    };
    await expect(harness.up(program)).rejects.toThrow("does not support resource hooks");
    expect(harness.provider.log).toEqual([]);
  });

  test("state features of newer engines", async () => {
    await harness.up(async () => void new Thing("a"));
    const exported = await (await harness.stack(async () => undefined)).exportStack();
    const tainted = { ...exported, version: 4, features: ["taint"] };
    const stack = await harness.stack(async () => undefined);
    await expect(stack.importStack(tainted)).rejects.toThrow("the state features taint");
  });
});

async function callMethod(): Promise<unknown> {
  const result = runtime.call("test:index:Thing/method", {}, new Thing("a"));
  return await new Promise((resolve) => result.apply(resolve));
}
