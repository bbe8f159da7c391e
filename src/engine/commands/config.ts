import {
  type CommandContext,
  configFileOf,
  passphraseOf,
  readStdin,
  stackContext,
} from "../commandContext.ts";
import {
  hasSecretConfig,
  holdsSecret,
  loadConfig,
  resolveConfig,
  resolveValue,
  type StackConfig,
} from "../config.ts";
import { ConfigEditor, type ConfigSetting, parseSetting } from "../configEdits.ts";
import { coerced, parseConfigKey, valueAt } from "../configPath.ts";
import type { Crypter } from "../crypter.ts";
import { EngineError, messageOf, misuse } from "../errors.ts";
import { looksLikeSecret } from "../secretGuess.ts";
import { table } from "./table.ts";

/** The stack's config, secrets blinded unless they are asked for. */
export async function showConfig(context: CommandContext): Promise<void> {
  const { flags } = context.invocation;
  const isShown = flags.has("--show-secrets");
  const { config, project, unlock } = await openConfig(context);
  const isOpened = isShown && hasSecretConfig(config);
  const decrypter = isOpened ? await unlock() : { decrypt: () => "[secret]" };
  const values = [...resolveConfig(config, decrypter)].sort(([a], [b]) => (a < b ? -1 : 1));
  if (flags.has("--json")) {
    const rows = values.map(([key, { value, secret, isObject }]) => {
      const isBlind = secret && !isShown;
      return [key, { ...(isBlind ? {} : { value, ...objectValue(value, isObject) }), secret }] as const;
    });
    context.out(`${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`);
    return;
  }
  const prefix = `${project}:`;
  const shortName = (key: string): string => (key.startsWith(prefix) ? key.slice(prefix.length) : key);
  context.out(
    table(
      ["KEY", "VALUE"],
      values.map(([key, { value }]) => [shortName(key), value]),
    ),
  );
}

function objectValue(value: string, isObject: boolean): { readonly objectValue?: unknown } {
  return isObject ? { objectValue: JSON.parse(value) as unknown } : {};
}

/** One config value, in clear. */
export async function getConfig(context: CommandContext): Promise<void> {
  const { flags, positional } = context.invocation;
  const [name] = positional;
  if (name === undefined) throw misuse("`pulumi config get` needs a key");
  const { config, project, stack, unlock } = await openConfig(context);
  const { entry, path } = parseConfigKey(name, flags.has("--path"), project);
  const found = valueAt(config.raw.get(entry), path);
  if (found === undefined)
    throw new EngineError(`configuration key '${name}' not found for stack '${stack}'`);
  const decrypter = holdsSecret(found) ? await unlock() : undefined;
  const { value, secret, isObject } = resolveValue(entry, found, decrypter);
  const row = { value, ...objectValue(value, isObject), secret };
  context.out(flags.has("--json") ? `${JSON.stringify(row, null, 2)}\n` : `${value}\n`);
}

interface OpenConfig {
  readonly config: StackConfig;
  readonly project: string;
  readonly stack: string;
  /** What opens its secrets; wants the passphrase. Undefined when there is no salt. */
  unlock(): Promise<Crypter | undefined>;
}

async function openConfig(context: CommandContext): Promise<OpenConfig> {
  const { project, id } = await stackContext(context);
  const config = await loadConfig(project, id.stack, configFileOf(context));
  const unlock = async (): Promise<Crypter | undefined> => {
    if (config.salt === undefined) return undefined;
    return await context.crypters.get(config.salt, (await passphraseOf(context.environment))());
  };
  return { config, project: project.name, stack: id.stack, unlock };
}

/** Sets one value, from the command line or from what is piped in. An entry itself is always a text. */
export async function setConfig(context: CommandContext): Promise<void> {
  const { flags, positional } = context.invocation;
  const [name] = positional;
  if (name === undefined) throw misuse("`pulumi config set` needs a key");
  const kinds = ["--secret", "--plaintext", "--type"].filter((flag) => flags.has(flag));
  if (kinds.length > 1)
    throw misuse(`only one of ${kinds.map((flag) => `\`${flag}\``).join(" and ")} may be set`);
  const stack = await stackContext(context);
  const key = parseConfigKey(name, flags.has("--path"), stack.project.name);
  const editor = await ConfigEditor.open(context, stack);
  const text = positional[1] ?? (await pipedValue(context));
  const secret = flags.has("--secret");
  if (!secret && !flags.has("--plaintext") && looksLikeSecret(name, text)) {
    throw new EngineError(
      `config value for '${key.entry}' looks like a secret; rerun with --secret to encrypt it, or --plaintext if you meant to store in plaintext`,
    );
  }
  const type = flags.get("--type");
  const inside = type === undefined ? coerced(text) : typed(text, type);
  await editor.set([{ key, value: key.path.length > 0 && !secret ? inside : text, secret }]);
}

/** Without `--raw`, a trailing newline isn't part of the value. */
async function pipedValue(context: CommandContext): Promise<string> {
  const text = await readStdin(context);
  if (text === undefined) throw misuse("config value must be specified in non-interactive mode");
  return context.invocation.flags.has("--raw") ? text : text.replace(/\r?\n$/, "");
}

function typed(text: string, type: string): unknown {
  if (type === "string") return text;
  if (type === "bool" && (text === "true" || text === "false")) return text === "true";
  if (type === "int" && /^[-+]?\d+$/.test(text))
    return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
  if (type === "float" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (["bool", "int", "float"].includes(type)) throw misuse(`'${text}' is no ${type}`);
  throw misuse(`invalid type "${type}"; must be one of string, int, bool, or float`);
}

/** Sets several values: `--plaintext key=value`, `--secret key=value`, or all of `--json`. */
export async function setAllConfig(context: CommandContext): Promise<void> {
  const { flags, lists } = context.invocation;
  const isPath = flags.has("--path");
  const [plain, secret, json] = [
    lists.get("--plaintext") ?? [],
    lists.get("--secret") ?? [],
    flags.get("--json"),
  ];
  if (json !== undefined && (plain.length > 0 || secret.length > 0 || isPath))
    throw misuse("the --json option cannot be used with the --plaintext, --secret or --path options");
  const stack = await stackContext(context);
  const project = stack.project.name;
  const settings = [
    ...plain.map((pair) => parseSetting(pair, isPath, false, project)),
    ...secret.map((pair) => parseSetting(pair, isPath, true, project)),
    ...(json === undefined ? [] : settingsOfJson(json, project)),
  ];
  await (await ConfigEditor.open(context, stack)).set(settings);
}

/** Settings in the form that `config --json` prints. */
function settingsOfJson(text: string, project: string): readonly ConfigSetting[] {
  return Object.entries(parseJson(text)).map(([name, row]) => {
    const { value, objectValue: object, secret } = (row ?? {}) as JsonRow;
    if (typeof value !== "string") throw misuse(`value for --json object key "${name}" is nil`);
    const isPlainObject = object !== undefined && object !== null && secret !== true;
    const key = parseConfigKey(name, false, project);
    return { key, value: isPlainObject ? object : value, secret: secret === true };
  });
}

interface JsonRow {
  readonly value?: unknown;
  readonly objectValue?: unknown;
  readonly secret?: unknown;
}

function parseJson(text: string): object {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  } catch (error) {
    throw misuse(`could not parse --json argument: ${messageOf(error)}`);
  }
  throw misuse("could not parse --json argument: it is not a map of values");
}

export async function removeConfig(context: CommandContext): Promise<void> {
  await removeKeys(context, "config rm");
}

export async function removeAllConfig(context: CommandContext): Promise<void> {
  await removeKeys(context, "config rm-all");
}

async function removeKeys(context: CommandContext, command: string): Promise<void> {
  const { flags, positional } = context.invocation;
  if (positional.length === 0) throw misuse(`\`pulumi ${command}\` needs a key`);
  const stack = await stackContext(context);
  const keys = positional.map((name) => parseConfigKey(name, flags.has("--path"), stack.project.name));
  await (await ConfigEditor.open(context, stack)).remove(keys);
}
