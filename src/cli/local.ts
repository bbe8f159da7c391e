import { UserError } from "../tenant/errors.ts";
import { type LocalEnvironment, openLocalDoor } from "./localDoor.ts";
import { FAULT_HELP, runFault } from "./localFault.ts";
import { printLocalStatus } from "./render/localStatus.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** What `local` can be told to do. */
export const ACTIONS = ["start", "stop", "status", "env", "reset"] as const;
type Action = (typeof ACTIONS)[number];

interface LocalOptions extends CommonOptions {
  readonly identity?: string;
}

/** `tenantry local`: the cloud on this machine. */
export const local: Verb = {
  configure: (command) =>
    command
      .argument("<action>", "start, stop, status, env, reset or fault")
      .argument("[words...]", "of `fault`: add, list or clear, with their own options")
      .option("--identity <name>", "with `env`: owner, deployer, previewer or none")
      .allowUnknownOption()
      .addHelpText("after", `${LOCAL_HELP}${FAULT_HELP}`),
  run: async ([word = "", ...words], raw, context) => {
    const options: LocalOptions = raw;
    if (options.env !== "local") {
      throw new UserError(
        "E_WRONG_ENVIRONMENT",
        `\`local ${word}\`: expected environment 'local'; got '${options.env}'. Credentials of other environments are never printed.`,
      );
    }
    if (word === "fault") return runFault(words, options, context);
    const action = ACTIONS.find((each) => each === word);
    if (action === undefined)
      throw new UsageError(`\`local\`: expected ${ACTIONS.join(", ")}, fault; got '${word}'.`);
    if (words.length > 0)
      throw new UsageError(`\`local ${word}\` takes no more words; got '${words.join(" ")}'.`);
    if (options.identity !== undefined && action !== "env")
      throw new UsageError("`--identity` goes with `local env`.");
    return act(action, options, context);
  },
};

async function act(action: Action, options: LocalOptions, { root, io }: CliContext): Promise<number> {
  const { cloud, environmentVariables, bytesIn } = await openLocalDoor(root, options.identity);
  switch (action) {
    case "start":
    case "env": {
      const environment = await cloud.start();
      if (options.json) io.out(`${JSON.stringify(environment, null, 2)}\n`);
      else
        io.out(action === "env" ? exportsOf(environmentVariables(environment)) : startedWords(environment));
      return 0;
    }
    case "status":
      await printLocalStatus(await cloud.status(), bytesIn, { root, io, isJson: options.json });
      return 0;
    case "stop":
      await cloud.stop();
      io.out("local cloud stopped; its state stays\n");
      return 0;
    case "reset":
      await cloud.reset();
      io.out("local cloud stopped and its state deleted\n");
      return 0;
  }
}

/** Lines for `eval`; every value in single quotes. */
function exportsOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

function startedWords({ arm, keyVault, dns, frontDoor }: LocalEnvironment): string {
  return `local cloud runs: Resource Manager ${arm.url}, Key Vault ${keyVault.url}, DNS ${dns.host}:${dns.port}, Front Door ${frontDoor.url}\n`;
}

const LOCAL_HELP = `
  start   start it; it stays up until stop
  stop    stop every process of it; data stays
  status  what runs, with ports and memory, and what is stored; fields of --json: docs/local.md
  env     variables for a bare \`pulumi\`:  eval "$(bin/tenantry local env)"; pulumi preview -s local.acme
          with --json the addresses of every service (holds master's credentials: this machine only)
          with --identity those of another identity than the owner: deployer (tenants, not the platform),
          previewer (reads what a preview needs), none. TENANTRY_LOCAL_IDENTITY does the same for every verb
  reset   stop it and delete all of its data
`;
