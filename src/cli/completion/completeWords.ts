import { ACTIONS } from "../local.ts";
import { VERBS } from "../verbs.ts";
import { SHELLS } from "./scripts.ts";
import { type ArgumentKind, COMMON_OPTIONS, VALUES_OF, type ValueKind, WORDS } from "./wordsTable.ts";

/** What is completed from; names of files only, so that it is there at once. */
export interface CompletionNames {
  readonly slugs: readonly string[];
  readonly environments: readonly string[];
  readonly plans: readonly string[];
}

/** One word that fits, and what it is for. */
export interface Candidate {
  readonly word: string;
  readonly about?: string;
}

/** Takes `--env=local` apart as bash does: its words are `--env`, `=`, `local`. */
const ASSIGNED = /^(--[a-z-]+)=(.*)$/s;

/** Words that fit in place of the last one; those before it were typed after `tenantry`. Pure. */
export function completeWords(words: readonly string[], names: CompletionNames): readonly Candidate[] {
  const typed = words.slice(0, -1).filter((word) => word !== "=");
  const last = words.at(-1) ?? "";
  const current = last === "=" ? "" : last;
  const assigned = ASSIGNED.exec(current);
  if (assigned !== null) {
    const [, option = "", begun = ""] = assigned;
    const values = valuesOf(VALUES_OF[option], names);
    return fitting(values, begun).map(({ word }) => ({ word: `${option}=${word}` }));
  }
  return fitting(candidatesFor(typed, current, names), current);
}

function fitting(candidates: readonly Candidate[], begun: string): readonly Candidate[] {
  return candidates.filter(({ word }) => word.startsWith(begun));
}

function candidatesFor(
  [verb, ...rest]: readonly string[],
  current: string,
  names: CompletionNames,
): readonly Candidate[] {
  if (verb === undefined) {
    const verbs = VERBS.map(({ name, summary }) => ({ word: name, about: summary }));
    return [...verbs, { word: "--help" }];
  }
  const words = WORDS[verb];
  if (words === undefined || rest.includes("--")) return [];
  const valueKind = VALUES_OF[rest.at(-1) ?? ""];
  if (valueKind !== undefined) return valuesOf(valueKind, names);
  if (current.startsWith("-"))
    return plain([...words.options, ...COMMON_OPTIONS].filter((option) => !rest.includes(option)));
  return argumentsOf(words.arguments, positionals(rest), names);
}

/** Words that are neither options nor their values. */
function positionals(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => !word.startsWith("-") && !((words[index - 1] ?? "") in VALUES_OF));
}

function argumentsOf(
  kind: ArgumentKind | readonly string[] | undefined,
  given: readonly string[],
  names: CompletionNames,
): readonly Candidate[] {
  if (kind === "slugs") return plain(names.slugs.filter((slug) => !given.includes(slug)));
  if (kind === undefined || given.length > 0) return [];
  if (typeof kind === "object") return plain(kind);
  return plain(kind === "localActions" ? [...ACTIONS, "fault"] : SHELLS);
}

function valuesOf(
  kind: ValueKind | readonly string[] | undefined,
  names: CompletionNames,
): readonly Candidate[] {
  if (typeof kind === "object") return plain(kind);
  switch (kind) {
    case "environments":
      return plain(names.environments);
    case "slugs":
      return plain(names.slugs);
    case "plans":
      return plain(names.plans);
    case "free":
    case undefined:
      return [];
  }
}

function plain(words: readonly string[]): readonly Candidate[] {
  return words.map((word) => ({ word }));
}
