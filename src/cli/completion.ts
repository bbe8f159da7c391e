import { environmentNames } from "../tenant/load.ts";
import { listNames } from "../tenant/workspaceFiles.ts";
import { completeWords } from "./completion/completeWords.ts";
import { SCRIPTS, SHELLS } from "./completion/scripts.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, Verb } from "./verb.ts";

const EXTENSION = ".yaml";

/** `tenantry completion`: a script for a shell, and the words that the script asks for while somebody types. */
export const completion: Verb = {
  configure: (command) =>
    command
      .argument("[shell]", SHELLS.join(", "))
      .argument("[words...]", "with `--words`: what was typed after `tenantry`")
      .option("--words", "print the words that fit in place of the last one of those after `--`")
      .addHelpText("after", HELP),
  run: async (args, options, { root, io }) => {
    if (options.words === true) io.out(wordsText(args, root));
    else io.out(scriptFor(args));
    return 0;
  },
};

function scriptFor(args: readonly string[]): string {
  const shell = SHELLS.find((each) => each === args[0]);
  if (shell === undefined || args.length > 1)
    throw new UsageError(`\`completion\`: expected ${SHELLS.join(", ")}; got '${args.join(" ")}'.`);
  return SCRIPTS[shell];
}

function wordsText(words: readonly string[], root: string): string {
  const found = completeWords(words, {
    slugs: namesIn(root, "tenants"),
    environments: environmentNames(root),
    plans: namesIn(root, "plans"),
  });
  return found.map(({ word, about }) => `${word}${about === undefined ? "" : `\t${about}`}\n`).join("");
}

function namesIn(root: CliContext["root"], folder: string): string[] {
  const files = listNames(root, folder).filter((name) => name.endsWith(EXTENSION) && !name.startsWith("."));
  return files.map((name) => name.slice(0, -EXTENSION.length));
}

const HELP = `
Examples:
  source <(bin/tenantry completion bash)  in ~/.bashrc
  source <(bin/tenantry completion zsh)   in ~/.zshrc, after compinit
  bin/tenantry completion fish | source   in ~/.config/fish/config.fish
`;
