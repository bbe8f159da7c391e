import { execFileSync, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { completeWords } from "../../src/cli/completion/completeWords.ts";
import { SCRIPTS, SHELLS } from "../../src/cli/completion/scripts.ts";
import { VALUES_OF, WORDS } from "../../src/cli/completion/wordsTable.ts";
import { completion } from "../../src/cli/completion.ts";
import { VERBS } from "../../src/cli/verbs.ts";
import { OPTIONS, recordingContext } from "./context.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "bin/tenantry");
const NAMES = { slugs: ["acme", "beta"], environments: ["local", "prod"], plans: ["standard", "trial"] };

function wordsFor(...words: string[]): string[] {
  return completeWords(words, NAMES).map(({ word }) => word);
}

describe("the words that fit", () => {
  test("first are verbs, each with what it is for", () => {
    const all = completeWords([""], NAMES);
    expect(all.map(({ word }) => word)).toEqual([...VERBS.map(({ name }) => name), "--help"]);
    expect(completeWords(["pre"], NAMES)).toEqual([
      { word: "preview", about: "show what `up` would do, to whom, without doing it" },
    ]);
  });

  test.each<[string, string]>([
    ["up ", "acme beta"],
    ["up acme ", "beta"],
    ["up a", "acme"],
    ["up --d", "--dry-run"],
    ["up --all --a", ""],
    ["up --env ", "local prod"],
    ["up --env p", "prod"],
    ["up --env=p", "--env=prod"],
    // As bash takes it apart.
    ["up --env = p", "prod"],
    ["up --env =", "local prod"],
    ["status --env prod b", "beta"],
    ["list --engine ", "embedded official"],
    ["destroy acme --purge --confirm a", "acme"],
    ["new globex --plan ", "standard trial"],
    ["new globex --display-name ", ""],
    ["new ", ""],
    ["local re", "reset"],
    ["local stop ", ""],
    ["completion ", "bash zsh fish"],
    ["pulumi -- pre", ""],
    ["nonsense ", ""],
  ])("after `tenantry %s` are '%s'", (typed, expected) => {
    expect(wordsFor(...typed.split(" ")).join(" ")).toBe(expected);
  });

  test("each verb's options are those that it takes", async () => {
    const real: Record<string, string[]> = {};
    const withValue = new Set<string>();
    for (const { name, load } of VERBS) {
      const command = new Command(name);
      (await load()).configure(command);
      real[name] = command.options.map(({ long }) => long ?? "");
      for (const { long, required, optional } of command.options) {
        if (required || optional) withValue.add(long ?? "");
      }
    }
    expect(
      Object.fromEntries(Object.entries(WORDS).map(([verb, { options }]) => [verb, [...options].sort()])),
    ).toEqual(Object.fromEntries(Object.entries(real).map(([verb, options]) => [verb, options.sort()])));
    expect([...withValue, "--env", "--engine"].sort()).toEqual(Object.keys(VALUES_OF).sort());
  });
});

describe("`tenantry completion`", () => {
  test.each(SHELLS)("prints a script for %s", async (shell) => {
    const { context, out } = recordingContext(ROOT);
    expect(await completion.run([shell], { ...OPTIONS }, context)).toBe(0);
    expect(out()).toBe(SCRIPTS[shell]);
  });

  test("refuses another shell by name", async () => {
    const { context } = recordingContext(ROOT);
    await expect(completion.run(["tcsh"], { ...OPTIONS }, context)).rejects.toThrow(
      "`completion`: expected bash, zsh, fish; got 'tcsh'.",
    );
  });
});

/** What a shell offers in place of the last word. */
function bashOffers(...typed: string[]): string[] {
  const words = [PROGRAM, ...typed].map((word) => `'${word}'`).join(" ");
  const script = `eval "$0"
    COMP_WORDS=(${words}); COMP_CWORD=${typed.length}
    _tenantry
    printf '%s\\n' "\${COMPREPLY[@]}" && complete -p tenantry >/dev/null`;
  return lines(execFileSync("bash", ["-c", script, SCRIPTS.bash], { encoding: "utf8" }));
}

function zshOffers(...typed: string[]): string[] {
  const words = [PROGRAM, ...typed].map((word) => `'${word}'`).join(" ");
  const script = `compdef() { registered=$2 }
    _describe() { print -l -- "\${(@P)2}" }
    eval "$1"
    words=(${words}); CURRENT=${typed.length + 1}
    _tenantry; [[ $registered = tenantry ]]`;
  return lines(execFileSync("zsh", ["-fc", script, "zsh", SCRIPTS.zsh], { encoding: "utf8" }));
}

function fishOffers(line: string): string[] {
  const script = `set PATH ${join(ROOT, "bin")} $PATH; tenantry completion fish | source; complete -C "tenantry ${line}"`;
  return lines(execFileSync("fish", ["--no-config", "-c", script], { encoding: "utf8" }));
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function missing(shell: string): boolean {
  return spawnSync(shell, ["--version"]).error !== undefined;
}

function titled(title: string, shell: string): string {
  return missing(shell) ? `${title} (skipped: no ${shell} here)` : title;
}

const SLUGS = ["acme", "brightsmile-dental", "northwind-logistics"];

describe("in a real shell", () => {
  test.skipIf(missing("bash"))(
    titled("bash completes verbs, slugs, options and environments", "bash"),
    () => {
      expect(bashOffers("loc")).toEqual(["local"]);
      expect(bashOffers("up", "")).toEqual(SLUGS);
      expect(bashOffers("up", "acme", "--re")).toEqual(["--refresh"]);
      expect(bashOffers("status", "--env", "")).toEqual(["local", "prod"]);
      expect(bashOffers("status", "--env", "=", "pr")).toEqual(["prod"]);
      expect(bashOffers("local", "sta")).toEqual(["start", "status"]);
      expect(bashOffers("new", "globex", "--display-name", "")).toEqual([]);
    },
  );

  test.skipIf(missing("zsh"))(titled("zsh completes them, with what they are for", "zsh"), () => {
    execFileSync("zsh", ["-nc", SCRIPTS.zsh]);
    expect(zshOffers("loc")).toEqual(["local:start, stop, show or reset the local cloud"]);
    expect(zshOffers("up", "")).toEqual(SLUGS);
    expect(zshOffers("status", "--env", "p")).toEqual(["prod"]);
  });

  test.skipIf(missing("fish"))(titled("fish completes them, with what they are for", "fish"), () => {
    execFileSync("fish", ["-nc", SCRIPTS.fish]);
    expect(fishOffers("loc")).toEqual(["local\tstart, stop, show or reset the local cloud"]);
    expect(fishOffers("up ")).toEqual(SLUGS);
    expect(fishOffers("status --env p")).toEqual(["prod"]);
  });
});
