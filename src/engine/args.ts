import { COMMANDS, type FlagKind, GLOBAL } from "./commandTable.ts";
import { EngineError, REFUSED_EXIT_CODE, refuse } from "./errors.ts";

/** A parsed command line. */
export interface Invocation {
  /** A key of {@link COMMANDS}. */
  readonly command: string;
  readonly positional: readonly string[];
  /** Values by flag; of one that may be repeated, the last. */
  readonly flags: ReadonlyMap<string, string>;
  /** All values of the flags that may be repeated, in order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** What {@link parseFlags} fills. */
interface ParsedFlags {
  readonly positional: string[];
  readonly flags: Map<string, string>;
  readonly lists: Map<string, readonly string[]>;
}

/** Environment variables that stand for flags: `PULUMI_OPTION_CONFIG_FILE` is `--config-file`. */
const OPTION_PREFIX = "PULUMI_OPTION_";

/** Reads a command line and its options in the environment; refuses what it doesn't know by name. */
export function parseArgs(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Invocation {
  const two = args.slice(0, 2).join(" ");
  const command = Object.hasOwn(COMMANDS, two) ? two : (args[0] ?? "");
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command]?.flags : undefined;
  if (known === undefined) throw refuse(`the command \`pulumi ${commandName(args)}\``);
  const rest = args.slice(command.split(" ").length);
  const parsed = parseFlags(command, rest, { ...GLOBAL.flags, ...known });
  addOptions(parsed, known, environment);
  const { flags, positional, lists } = parsed;
  const runProgram = flags.get("--run-program");
  if ((command === "up" || command === "preview") && runProgram !== undefined && runProgram !== "true") {
    throw refuse(`the flag \`--run-program=${runProgram}\` of \`pulumi ${command}\``);
  }
  if (flags.get("--color") === "always") throw refuse("the flag `--color=always`: it prints no colours");
  if (command === "config" && positional.length > 0)
    throw refuse(`the command \`pulumi config ${positional[0]}\``);
  return { command, positional, flags, lists };
}

/** Flags given by the environment count unless the command line has them; those no command has are refused. */
function addOptions(
  { flags, lists }: ParsedFlags,
  known: Readonly<Record<string, FlagKind>>,
  environment: NodeJS.ProcessEnv,
): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(OPTION_PREFIX) || !value) continue;
    const flag = `--${variable.slice(OPTION_PREFIX.length).toLowerCase().replaceAll("_", "-")}`;
    const isKnown = [...Object.values(COMMANDS), GLOBAL].some(({ flags: list }) => Object.hasOwn(list, flag));
    if (!isKnown) throw refuse(`the environment variable ${variable}`);
    if (!Object.hasOwn(known, flag) || flags.has(flag)) continue;
    flags.set(flag, value);
    if (known[flag] === "list") lists.set(flag, value.split(","));
  }
}

/** A boolean flag's value; undefined is off. */
export function isOn(value: string | undefined): boolean {
  return value === "true" || value === "1";
}

function commandName(args: readonly string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  return args.slice(0, end === -1 ? 2 : Math.min(end, 2)).join(" ");
}

function parseFlags(
  command: string,
  args: readonly string[],
  known: Readonly<Record<string, FlagKind>>,
): ParsedFlags {
  const flags = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const positional: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (!arg.startsWith("-")) {
      positional.push(arg);
      continue;
    }
    const [name, inline] = splitFlag(arg);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw refuse(`the flag \`${name}\` of \`pulumi ${command}\``);
    const takesNext = (kind === "value" || kind === "list") && inline === undefined;
    const value = inline ?? (takesNext ? requireValue(name, args[++index]) : "true");
    flags.set(name, value);
    if (kind === "list") lists.set(name, [...(lists.get(name) ?? []), value]);
  }
  return { flags, positional, lists };
}

/** Short flags of the official CLI that scripts use. */
const SHORT: Readonly<Record<string, string>> = {
  "-s": "--stack",
  "-y": "--yes",
  "-m": "--message",
  "-C": "--cwd",
  "-f": "--skip-preview",
  "-p": "--parallel",
  "-r": "--refresh",
  "-t": "--target",
};

function splitFlag(arg: string): readonly [string, string | undefined] {
  const equals = arg.indexOf("=");
  const name = equals === -1 ? arg : arg.slice(0, equals);
  return [SHORT[name] ?? name, equals === -1 ? undefined : arg.slice(equals + 1)];
}

function requireValue(name: string, value: string | undefined): string {
  if (value === undefined) throw new EngineError(`the flag \`${name}\` needs a value`, REFUSED_EXIT_CODE);
  return value;
}
