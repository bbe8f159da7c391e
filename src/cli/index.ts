import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, Option } from "commander";
import { UserError } from "../tenant/errors.ts";
import { reportFailure } from "./failure.ts";
import { listenForInterrupts } from "./interrupt.ts";
import { fitText } from "./render/wrap.ts";
import { EXIT_USAGE } from "./usage.ts";
import type { CliContext, CliIo, CommonOptions } from "./verb.ts";
import { UNBUILT_VERBS, VERBS, type VerbRow } from "./verbs.ts";

/** Where nobody looks at a width, lines are not cut. */
const PIPE_COLUMNS = 200;

/** Runs one command line and answers its exit code (PRODUCT.md, "Codes"). Never throws. */
export async function main(argv: readonly string[], io: CliIo = processIo()): Promise<number> {
  const interrupts = listenForInterrupts();
  const context: CliContext = { root: projectRoot(), io, signal: interrupts.signal };
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    return reportFailure(error, io, argv.includes("--json"));
  } finally {
    interrupts.close();
  }
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const program = describeProgram(context.io);
  const asked = argv[0] ?? "";
  if (UNBUILT_VERBS.includes(asked)) throw unbuilt(asked);
  const row = VERBS.find(({ name }) => name === asked);
  for (const { name, summary, group } of VERBS) {
    if (name !== asked) program.command(name).summary(summary).helpGroup(`${group}:`);
  }
  let exitCode = 0;
  if (row !== undefined) await addVerb(program, row, context, (code) => (exitCode = code));
  if (argv.length === 0) {
    context.io.out(program.helpInformation());
    return EXIT_USAGE;
  }
  await program.parseAsync(argv, { from: "user" });
  return exitCode;
}

function describeProgram(io: CliIo): Command {
  return new Command("tenantry")
    .description(
      "Tenants as code: each tenants/<slug>.yaml becomes a database, a secret, DNS and CDN records, migrations, an admin and a registration.",
    )
    .usage("<verb> [slug…] [options]")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(fitText(text, io)),
      writeErr: (text) => io.err(fitText(text, io)),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .showSuggestionAfterError()
    .addHelpText("after", HELP_FOOTER);
}

async function addVerb(
  program: Command,
  row: VerbRow,
  context: CliContext,
  finish: (code: number) => void,
): Promise<void> {
  const verb = await row.load();
  const command = program
    .command(row.name)
    .summary(row.summary)
    .description(row.summary)
    .helpGroup(`${row.group}:`);
  command
    .addOption(new Option("--env <environment>", "one `stacks/Pulumi.<environment>.yaml`").default("local"))
    .addOption(
      new Option("--engine <engine>", "which engine runs the stacks").choices(["official", "embedded"]),
    )
    .addOption(
      new Option("--json", "machine-readable output: one JSON value, or one JSON object a line").default(
        false,
      ),
    )
    .addOption(new Option("--wait", "wait for a tenant that another run holds").default(false));
  verb.configure(command);
  command.action(async () => {
    finish(await verb.run(command.args, command.opts<CommonOptions & Record<string, unknown>>(), context));
  });
}

function unbuilt(verb: string): UserError {
  return new UserError("E_NOT_SUPPORTED", `\`tenantry ${verb}\` is not built yet.`, {
    hint: "`tenantry --help` lists the verbs that are.",
  });
}

function projectRoot(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "../..");
}

function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", endOfPipe);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isTerminal: process.stdout.isTTY === true && process.env.TERM !== "dumb" && process.env.CI === undefined,
    columns: process.stdout.columns ?? PIPE_COLUMNS,
  };
}

/** `tenantry up … | head` closes the pipe early: the run goes on, unheard, and keeps its state whole. */
function endOfPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

const HELP_FOOTER = `
Exit codes: 0 done, 1 failed, 2 wrong use or entry (nothing touched), 3 refused
            by a guard, 4 changes pending (preview --exit-code) or edge not
            ready, 5 locked by another run.

Examples:
  tenantry up --all                      the platform, then every tenant of \`local\`
  tenantry preview acme                  what would happen to acme
  tenantry status acme --json            what is, asked from the database, vault, DNS, CDN and master
`;
