import { ALIASES, COMMANDS, type CommandRow, type FlagKind, GLOBAL, SHORT_FLAGS } from "./commandTable.ts";
import { misuse, refuse } from "./errors.ts";

/** A parsed command line. */
export interface Invocation {
  /** A key of {@link COMMANDS}. */
  readonly command: string;
  readonly positional: readonly string[];
  /** Values by flag; of one that may be repeated, the last. A boolean one reads `true`, or isn't there. */
  readonly flags: ReadonlyMap<string, string>;
  /** All values of the flags that may be repeated, in order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

interface Parsed extends Invocation {
  readonly positional: string[];
  readonly flags: Map<string, string>;
  readonly lists: Map<string, readonly string[]>;
}

/** Environment variables that stand for flags: `PULUMI_OPTION_CONFIG_FILE` is `--config-file`. */
const OPTION_PREFIX = "PULUMI_OPTION_";

/** Reads a command line and its options in the environment; refuses what it doesn't know by name. */
export function parseArgs(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Invocation {
  const { command, row, length } = findCommand(args);
  const parsed = parseFlags(command, row, args.slice(length));
  addOptions(parsed, row.flags, environment);
  const { flags, positional } = parsed;
  const runProgram = flags.get("--run-program");
  if ((command === "up" || command === "preview") && runProgram !== undefined && runProgram !== "true") {
    throw refuse(`the flag \`--run-program=${runProgram}\` of \`pulumi ${command}\``);
  }
  if (flags.get("--color") === "always") throw refuse("the flag `--color=always`: it prints no colours");
  if (command === "config" && positional.length > 0)
    throw refuse(`the command \`pulumi config ${positional[0]}\``);
  const most = row.arguments ?? 0;
  if (positional.length > most)
    throw misuse(`\`pulumi ${command}\` takes ${most} argument(s); got ${positional.length}`);
  return parsed;
}

function findCommand(args: readonly string[]): {
  readonly command: string;
  readonly row: CommandRow;
  readonly length: number;
} {
  for (const length of [2, 1]) {
    const words = args.slice(0, length).join(" ");
    const command = Object.hasOwn(ALIASES, words) ? (ALIASES[words] ?? words) : words;
    const row = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (row !== undefined && args.length >= length) return { command, row, length };
  }
  throw refuse(`the command \`pulumi ${commandName(args)}\``);
}

/**
 * Flags given by the environment count unless the command line has them; several values stand between commas. Those that
 * no command has are refused.
 */
function addOptions(
  parsed: Parsed,
  known: Readonly<Record<string, FlagKind>>,
  environment: NodeJS.ProcessEnv,
): void {
  const given = new Set(parsed.flags.keys());
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(OPTION_PREFIX) || !value) continue;
    const flag = `--${variable.slice(OPTION_PREFIX.length).toLowerCase().replaceAll("_", "-")}`;
    const isKnown = [...Object.values(COMMANDS), GLOBAL].some(({ flags: list }) => Object.hasOwn(list, flag));
    if (!isKnown) throw refuse(`the environment variable ${variable}`);
    const kind = Object.hasOwn(known, flag) ? known[flag] : undefined;
    if (kind === undefined || given.has(flag)) continue;
    for (const each of kind === "list" ? value.split(",") : [value]) setFlag(parsed, kind, flag, each);
  }
}

/** A boolean flag's value; undefined is off. */
export function isOn(value: string | undefined): boolean {
  return value === "true";
}

/** Steps at the same time unless `--parallel` says otherwise. */
const DEFAULT_PARALLEL = 16;

/** How many steps may run at the same time. */
export function parallelOf({ flags }: Invocation): number {
  const text = flags.get("--parallel");
  const count = text === undefined ? DEFAULT_PARALLEL : Number(text);
  if (!Number.isInteger(count)) throw misuse(`\`--parallel\`: '${text}' is not a number`);
  return count < 1 ? DEFAULT_PARALLEL : count;
}

function commandName(args: readonly string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  return args.slice(0, end === -1 ? 2 : Math.min(end, 2)).join(" ");
}

/** What follows `--` is no flag, whatever it looks like. */
function parseFlags(command: string, row: CommandRow, args: readonly string[]): Parsed {
  const known = { ...GLOBAL.flags, ...row.flags };
  const parsed: Parsed = { command, positional: [], flags: new Map(), lists: new Map() };
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") {
      parsed.positional.push(...args.slice(index + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      parsed.positional.push(arg);
      continue;
    }
    const [name, inline] = splitFlag(arg, row);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw refuse(`the flag \`${name}\` of \`pulumi ${command}\``);
    const takesNext = (kind === "value" || kind === "list") && inline === undefined;
    setFlag(parsed, kind, name, inline ?? (takesNext ? requireValue(name, args[++index]) : "true"));
  }
  return parsed;
}

function setFlag({ flags, lists }: Parsed, kind: FlagKind, name: string, value: string): void {
  if (kind === "list") lists.set(name, [...(lists.get(name) ?? []), value]);
  if (kind === "value" || kind === "list") {
    flags.set(name, value);
    return;
  }
  const isTrue = parseBoolean(name, value);
  if (kind === "bare" && !isTrue) flags.delete(name);
  else flags.set(name, String(isTrue));
}

const TRUE: readonly string[] = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE: readonly string[] = ["0", "f", "F", "false", "FALSE", "False"];

function parseBoolean(name: string, value: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw misuse(`the flag \`${name}\` is 'true' or 'false'; got '${value}'`);
}

/** One letter stands for different flags in different commands. */
function splitFlag(arg: string, row: CommandRow): readonly [string, string | undefined] {
  const equals = arg.indexOf("=");
  const name = equals === -1 ? arg : arg.slice(0, equals);
  const long = (SHORT_FLAGS[name] ?? []).find(
    (flag) => Object.hasOwn({ ...GLOBAL.flags, ...row.flags }, flag) || row.refused.includes(flag),
  );
  return [long ?? name, equals === -1 ? undefined : arg.slice(equals + 1)];
}

function requireValue(name: string, value: string | undefined): string {
  if (value === undefined) throw misuse(`the flag \`${name}\` needs a value`);
  return value;
}
