import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { secret } from "@pulumi/pulumi";
import type { EngineEvent, PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Harness, Thing } from "./support/harness.ts";
import { runWithProgram } from "./support/withProgram.ts";

const before: PulumiFn = async () => {
  new Thing("a", { value: "1", list: [1, 2] });
  new Thing("b", { key: "k1" });
  new Thing("c", { hidden: secret("s3cr3t") });
  return { plain: "1", hidden: secret("s3cr3t") };
};
const after: PulumiFn = async () => {
  new Thing("a", { value: "2", list: [1, 3] });
  const b = new Thing("b", { key: "k2" });
  new Thing("c", { hidden: secret("n3wer") });
  new Thing("d", { value: b.made });
  return { plain: "2", hidden: secret("s3cr3t"), more: b.made };
};
const SECRETS = /s3cr3t|n3wer/;

describe("what a run shows", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    await harness.up(before);
  });
  afterEach(() => harness.close());

  const show = async (args: readonly string[], program = after): Promise<string> =>
    (await runWithProgram(harness, [...args, "-s", "dev", "-y"], program)).stdout;

  test("`preview --json` prints one document", async () => {
    const text = await show(["preview", "--json"]);
    const { steps, config, changeSummary, duration } = JSON.parse(text);
    expect(config).toEqual({ "demo:greeting": "hello" });
    expect(changeSummary).toEqual({ same: 1, update: 2, replace: 1, create: 1 });
    expect(duration).toBeGreaterThan(0);
    const found = Object.fromEntries(
      steps.map(({ urn, op }: { urn: string; op: string }) => [urn.split("::").at(-1), op]),
    );
    expect(found).toEqual({ "demo-dev": "same", a: "update", b: "replace", c: "update", d: "create" });
    const a = steps.find(({ urn }: { urn: string }) => urn.endsWith("::a"));
    expect(a).toMatchObject({ oldState: { inputs: { value: "1" } }, newState: { inputs: { value: "2" } } });
    expect([...a.diffReasons].sort()).toEqual(["list", "value"]);
    expect(steps.find(({ urn }: { urn: string }) => urn.endsWith("::b")).replaceReasons).toEqual(["key"]);
    expect(text).not.toMatch(SECRETS);
    expect(text).toContain('"hidden": "[secret]"');
  });

  test("diagnostics are in the document, and a failed preview prints it too", async () => {
    const run = runWithProgram(harness, ["preview", "--json", "-s", "dev"], async () => {
      new Thing("a", { refuse: "it is bad" });
    });
    const { commandResult } = (await run.catch((error: unknown) => error)) as {
      commandResult: { stdout: string; code: number };
    };
    expect(commandResult.code).toBe(255);
    expect(JSON.parse(commandResult.stdout).diagnostics).toContainEqual({
      urn: "urn:pulumi:dev::demo::test:index:Thing::a",
      severity: "error",
      message:
        "error: test:index:Thing resource 'a' has a problem: it is bad. Examine values at 'a.refuse'.\n",
    });
  });

  test.each([
    [["up", "--skip-preview"], { same: 1, update: 2, replace: 1, create: 1 }],
    [["refresh", "--skip-preview"], { same: 4 }],
    [["destroy", "--skip-preview"], { delete: 4 }],
  ])("%j --json prints events, line by line, and the log has the same", async (args, counts) => {
    const text = await show([...args, "--json", "--event-log", "events.jsonl"]);
    expect(await readFile(join(harness.root, "events.jsonl"), "utf8")).toBe(text);
    const events = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as EngineEvent);
    expect(events.map(({ sequence }) => sequence)).toEqual([...events.keys()]);
    expect(events.at(-2)?.summaryEvent).toMatchObject({ resourceChanges: counts, result: "succeeded" });
    expect(events.at(-1)).toHaveProperty("cancelEvent");
    expect(text).not.toMatch(SECRETS);
  });

  test("an event log that can't be made fails the run before it starts", async () => {
    const run = show(["up", "--skip-preview", "--event-log", "env.yaml/events"]);
    await expect(run).rejects.toThrow("ENOTDIR");
    expect(harness.provider.log.filter((call) => call.startsWith("update"))).toEqual([]);
  });

  test("`--diff` tells paths, old and new values, secrets and what isn't known yet", async () => {
    const text = (await show(["preview", "--diff"])).replace(/\[id=(\w)-\d\]/g, "[id=$1-N]");
    const lines = [
      "    ~ test:index:Thing: (update)",
      "        [id=a-N]",
      "        [urn=urn:pulumi:dev::demo::test:index:Thing::a]",
      '      ~ value: "1" => "2"',
      "      ~ list : [",
      "            [0]: 1",
      "          ~ [1]: 2 => 3",
      "        ]",
      "    +-test:index:Thing: (replace)",
      '      ~ key : "k1" => "k2"',
      "      ~ hidden: [secret] => [secret]",
      "    + test:index:Thing: (create)",
      "        value: [unknown]",
      "    --outputs:--",
      "  + more  : [unknown]",
      '  ~ plain : "1" => "2"',
      "    +-1 to replace",
    ];
    for (const line of lines) expect(text.split("\n")).toContain(line);
    expect(text).not.toMatch(SECRETS);
    expect(await show(["up", "--skip-preview", "--diff"])).not.toMatch(SECRETS);
  });

  test("`--show-secrets` tells secrets in the diff, and nowhere else", async () => {
    expect(await show(["preview", "--diff", "--show-secrets"])).toContain('hidden: "s3cr3t" => "n3wer"');
    expect(await show(["preview", "--json", "--show-secrets"])).not.toMatch(SECRETS);
    expect(await show(["up", "--skip-preview", "--json", "--show-secrets"])).not.toMatch(SECRETS);
  });

  test("flags choose what is told", async () => {
    const plain = await show(["preview"]);
    expect(plain).toContain(" ~ test:index:Thing a will be updated\n");
    expect(plain).not.toContain("unchanged");
    expect(await show(["preview", "--show-sames"], before)).toContain("   test:index:Thing a unchanged\n");
    expect(await show(["preview", "--urns"])).toContain(
      " ~ urn:pulumi:dev::demo::test:index:Thing::a will be",
    );
    expect(await show(["preview", "--show-config"])).toContain("Configuration:\n    demo:greeting: hello\n");
    expect(plain).toContain('Outputs:\n    hidden: [secret]\n    more  : [unknown]\n    plain : "2"\n');
    expect(await show(["preview", "--suppress-outputs"])).not.toContain("Outputs:");
    const steps = await show(["preview", "--diff", "--show-replacement-steps"]);
    expect(steps).toContain("    ++test:index:Thing: (create-replacement)\n");
    expect(steps).toContain("    --test:index:Thing: (delete-replaced)\n");
    expect(await show(["preview", "--diff"])).not.toContain("create-replacement");
  });

  test("long values are cut when they shall not be shown in full", async () => {
    const long: PulumiFn = async () => void new Thing("a", { value: "x".repeat(200), list: [1, 2] });
    expect(await show(["preview", "--diff"], long)).toContain("x".repeat(200));
    const cut = await show(["preview", "--diff", "--show-full-output=false"], long);
    expect(cut).toContain(`"${"x".repeat(150)}..."`);
    expect(cut).not.toContain("x".repeat(151));
  });
});
