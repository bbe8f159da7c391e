import {
  type CommandContext,
  configFileOf,
  passphraseOf,
  type StackContext,
  stackContext,
} from "../commandContext.ts";
import { type Decrypter, holdsSecret, loadConfig, resolveValue } from "../config.ts";
import { EngineError, misuse } from "../errors.ts";
import { type HistoryEntry, readHistory } from "../history.ts";

/** What the official CLI answers for a secret that it can't open. */
const UNREADABLE = "ERROR_UNABLE_TO_DECRYPT";

/** Runs of the stack, the latest first. */
export async function showHistory(context: CommandContext): Promise<void> {
  const { flags } = context.invocation;
  const stack = await stackContext(context);
  const size = countOf(flags, "--page-size");
  const entries = await readHistory(stack.backend, stack.id, size, countOf(flags, "--page") ?? 1);
  if (!flags.has("--json")) {
    for (const entry of entries) context.out(`${isoTime(entry.startTime)}  ${entry.kind}  ${entry.result}\n`);
    return;
  }
  const isShown = flags.has("--show-secrets") && entries.some(hasSecret);
  const crypter = isShown ? await configCrypter(context, stack) : undefined;
  context.out(
    `${JSON.stringify(
      entries.map((entry) => rowOf(entry, crypter)),
      null,
      2,
    )}\n`,
  );
}

function rowOf(entry: HistoryEntry, crypter: Decrypter | undefined): Readonly<Record<string, unknown>> {
  const config = configOf(entry).map(([key, value]) => [key, shownValue(key, value, crypter)]);
  return {
    kind: entry.kind,
    startTime: isoTime(entry.startTime),
    message: entry.message,
    environment: entry.environment,
    config: Object.fromEntries(config),
    result: entry.result,
    endTime: isoTime(entry.endTime),
    ...(entry.resourceChanges === undefined ? {} : { resourceChanges: entry.resourceChanges }),
  };
}

function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

/** Values as a config file has them: in history, objects and lists are JSON text. */
function configOf({ config }: HistoryEntry): readonly (readonly [key: string, value: unknown])[] {
  return Object.entries(config ?? {}).map(([key, value]) => {
    const { object } = value as { readonly object?: string };
    return [key, object === undefined ? value : JSON.parse(object)];
  });
}

function hasSecret(entry: HistoryEntry): boolean {
  return configOf(entry).some(([, value]) => holdsSecret(value));
}

/** Opens what the config file of now encrypts. */
async function configCrypter(context: CommandContext, { project, id }: StackContext): Promise<Decrypter> {
  const { salt, path } = await loadConfig(project, id.stack, configFileOf(context));
  if (salt === undefined)
    throw new EngineError(`the history's secrets can't be shown: '${path}' has no 'encryptionsalt'`);
  return await context.crypters.get(salt, (await passphraseOf(context.environment))());
}

/** A secret's value is shown only with what opens it. */
function shownValue(
  key: string,
  value: unknown,
  crypter: Decrypter | undefined,
): { readonly value?: string; readonly objectValue?: unknown; readonly secret: boolean } {
  const secret = holdsSecret(value);
  if (secret && crypter === undefined) return { secret };
  const found = opened(key, value, crypter);
  if (found === undefined) return { value: UNREADABLE, secret };
  return {
    value: found.value,
    ...(found.isObject ? { objectValue: JSON.parse(found.value) } : {}),
    secret,
  };
}

/** Undefined when it was encrypted with another key than the config file's of now: its salt was changed since. */
function opened(
  key: string,
  value: unknown,
  crypter: Decrypter | undefined,
): ReturnType<typeof resolveValue> | undefined {
  try {
    return resolveValue(key, value, crypter);
  } catch (error) {
    if (holdsSecret(value)) return undefined;
    throw error;
  }
}

function countOf(flags: ReadonlyMap<string, string>, flag: string): number | undefined {
  const text = flags.get(flag);
  if (text !== undefined && !/^[1-9]\d*$/.test(text)) throw misuse(`\`${flag}\`: '${text}' is no count`);
  return text === undefined ? undefined : Number(text);
}
