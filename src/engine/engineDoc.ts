import { ALIASES, COMMANDS, type CommandRow, GLOBAL, REFUSED_COMMANDS } from "./commandTable.ts";
import { OPTIONS } from "./optionTable.ts";

const HEAD = `# The embedded engine's commands and options

Written by \`npm run docs\` from \`src/engine/commandTable.ts\` and \`src/engine/optionTable.ts\`; a test compares. The list of what is refused is
that of the official CLI v3.259.0 and of the Node SDK in package.json. Everything refused ends with exit code 2 and names itself.

`;

const NOTES = `Other names: ${aliases()}.

\`PULUMI_OPTION_<FLAG>\` in the environment stands for a flag that the command line lacks; one that may be repeated takes its values with
commas between them. \`PULUMI_CONTINUE_ON_ERROR\` stands for \`--continue-on-error\`. \`--color=always\` is refused: nothing is coloured.
\`--diff\`, \`preview --json\`, \`--json\` of the other runs and \`--event-log\` (a file or \`tcp://\`) are the official CLI's, line by line; secrets read
\`[secret]\`, but in a \`--diff\` with \`--show-secrets\`. \`config set\` and its like change their own lines of a YAML file and leave the rest as it is.
A value whose name speaks of a secret wants \`--secret\` or \`--plaintext\` when it is hard to guess; ordinary words count as hard here.
\`refresh --import-pending-creates\` takes a pending create into the stack, which the refresh then reads; \`stack history\` always has full dates,
and the config only with \`--json\`.

`;

function aliases(): string {
  return Object.entries(ALIASES)
    .map(([alias, command]) => `\`${alias}\` (\`${command}\`)`)
    .join(", ");
}

const STATES = {
  done: "done",
  sdk: "done by the SDK",
  refused: "refused",
} as const;

/** `docs/engine.md`. */
export function engineDoc(): string {
  return [HEAD, commandsPart(), refusedCommandsPart(), optionsPart()].join("");
}

function commandsPart(): string {
  const rows = Object.entries(COMMANDS).map(([command, row]) => rowOf(`\`pulumi ${command}\``, row));
  return table(
    "Commands",
    ["command", "flags", "refused flags"],
    [rowOf("all of them", GLOBAL), ...rows],
  ).concat(NOTES);
}

function rowOf(name: string, { flags, refused }: CommandRow): readonly string[] {
  return [name, words(Object.keys(flags).sort()), words([...refused].sort())];
}

function refusedCommandsPart(): string {
  return `## Refused commands\n${words(REFUSED_COMMANDS.map((command) => command))}.\n\n`;
}

function optionsPart(): string {
  const rows = OPTIONS.map(({ option, state, note }) => [`\`${option}\``, STATES[state], note ?? ""]);
  return table("Resource options", ["option", "state", "note"], rows).trimEnd().concat("\n");
}

function words(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(" ");
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return `## ${title}\n${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}\n`;
}
