import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COMMANDS, GLOBAL, REFUSED_COMMANDS } from "../../src/engine/commandTable.ts";
import { engineDoc } from "../../src/engine/engineDoc.ts";
import { OPTIONS } from "../../src/engine/optionTable.ts";
import { Harness } from "./support/harness.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Failed {
  readonly commandResult: { readonly code: number; readonly stderr: string };
}

const refusedFlags = Object.entries(COMMANDS).flatMap(([command, { refused }]) =>
  [...refused, ...GLOBAL.refused].map((flag) => [command, flag] as const),
);

describe("the tables of commands and options", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    await harness.stack(async () => undefined);
  });
  afterEach(() => harness.close());

  async function refusal(args: readonly string[]): Promise<string> {
    const failed = await harness.run(args).then(
      () => undefined,
      (reason: unknown) => reason as Failed,
    );
    expect(failed?.commandResult.code, args.join(" ")).toBe(2);
    return failed?.commandResult.stderr ?? "";
  }

  test("every refused flag of every command is refused by name with exit code 2, and nothing is touched", async () => {
    expect(refusedFlags.length).toBeGreaterThan(200);
    const before = await harness.files();
    for (const [command, flag] of refusedFlags) {
      const text = await refusal([...command.split(" "), flag, "--stack", "dev"]);
      expect(text).toContain(`does not support the flag \`${flag}\` of \`pulumi ${command}\`.`);
    }
    expect(await harness.files()).toEqual(before);
    expect(harness.provider.log).toEqual([]);
  });

  test("every refused command is refused by name with exit code 2", async () => {
    for (const command of REFUSED_COMMANDS) {
      expect(await refusal(command.split(" "))).toContain(
        `does not support the command \`pulumi ${command}\`.`,
      );
    }
  });

  test("the options are those of the SDK", () => {
    const types = readFileSync(join(ROOT, "node_modules/@pulumi/pulumi/resource.d.ts"), "utf8");
    const named = ["ResourceOptions", "CustomResourceOptions", "ComponentResourceOptions"].flatMap((name) =>
      optionsIn(types, name),
    );
    expect(OPTIONS.map(({ option }) => option)).toEqual([...new Set(named)].sort());
  });

  test("docs/engine.md is what the tables say", () => {
    expect(readFileSync(join(ROOT, "docs/engine.md"), "utf8")).toBe(engineDoc());
  });
});

/** Names of an interface's members in a declaration file. */
function optionsIn(text: string, name: string): readonly string[] {
  const start = text.indexOf(`export interface ${name} `);
  const body = text.slice(start, text.indexOf("\n}", start));
  return [...body.matchAll(/^ {4}(\w+)\?:/gm)].map(([, option = ""]) => option);
}
