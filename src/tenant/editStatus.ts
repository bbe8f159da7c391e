import type { DesiredStatus } from "./desired.ts";
import { overrideStatus, removeEntryField, setEntryField } from "./editEntry.ts";
import { valueAt } from "./fieldProblems.ts";
import { parseYamlDocument } from "./yamlDocument.ts";

/** What an entry is to say of a tenant's status: the three fields that go together. What is left out is taken away. */
export interface StatusWords {
  readonly status: DesiredStatus;
  /** Only with `suspended`. */
  readonly suspendReason?: string;
  /** The slug, only with `deleted`. */
  readonly purge?: string;
}

const WORDS = ["suspendReason", "purge"] as const;

/**
 * Makes an entry's text say these words for one environment and nothing else: in the environment's override where that decides
 * the status, or where the entry `isShared` with environments that are to keep theirs; else on top. Comments, order and every
 * other byte stay. The same again answers the text as it is. Pure; throws `E_INVALID_ENTRY` for what isn't a readable entry.
 */
export function editStatus(
  text: string,
  file: string,
  words: StatusWords,
  place: { readonly environment: string; readonly isShared: boolean },
): string {
  const { environment } = place;
  if (sayOf(text, file, environment) === JSON.stringify(inOrder(words))) return text;
  const apart = needsOverride(text, file, place)
    ? overrideStatus(text, file, environment, words.status)
    : setEntryField(text, file, "status", words.status, environment);
  return WORDS.reduce((edited, field) => {
    const value = words[field];
    return value === undefined
      ? removeEntryField(edited, file, field, environment)
      : setEntryField(edited, file, field, value, environment);
  }, apart);
}

/** An override with one of the words but no status would be left behind with a word that no status explains. */
function needsOverride(
  text: string,
  file: string,
  { environment, isShared }: { readonly environment: string; readonly isShared: boolean },
): boolean {
  const { root } = parseYamlDocument(text, file);
  const own = (field: string) => valueAt(root, ["overrides", environment, field]) !== undefined;
  return !own("status") && (isShared || WORDS.some(own));
}

/** What the text says for the environment now, to be compared. */
function sayOf(text: string, file: string, environment: string): string {
  const { root } = parseYamlDocument(text, file);
  const own = valueAt(root, ["overrides", environment]) ?? {};
  const isDecided = valueAt(own, ["status"]) !== undefined;
  const top = isDecided ? {} : { status: "active", ...pick(root) };
  return JSON.stringify(inOrder({ ...top, ...pick(own) }));
}

function pick(fields: unknown): object {
  const { status, suspendReason, purge } = fields as Partial<Record<string, unknown>>;
  return JSON.parse(JSON.stringify({ status, suspendReason, purge })) as object;
}

function inOrder({ status, suspendReason, purge }: Partial<Record<keyof StatusWords, unknown>>): object {
  return { status, suspendReason, purge };
}
