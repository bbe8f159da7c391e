import { autoName } from "../rpc/autoName.ts";
import type { CheckCall, Checked, Diff, DiffCall, Failure, ResourceType } from "../rpc/plugin.ts";
import { diffInputs } from "../rpc/propertyDiff.ts";
import { UNKNOWN, type Value, type ValueMap } from "../rpc/values.ts";
import type { ServerConfig } from "./connection.ts";

/** Allowed kinds of an input, or the only values that are supported. */
export type InputRule = "boolean" | "number" | "string" | "strings" | { readonly only: readonly Value[] };

/** What one type of the postgresql provider says about its inputs. */
export interface PostgresInputs {
  readonly token: string;
  readonly inputs: Readonly<Record<string, InputRule>>;
  readonly required: readonly string[];
  /** Filled in by check and remembered in inputs, as the official plugin does. */
  readonly checkDefaults: ValueMap;
  /** What an absent input means to a diff. */
  readonly meanings: ValueMap;
  /** Absent inputs that take whatever the server answers: never a difference. */
  readonly computed: readonly string[];
  readonly forceNew: readonly string[];
  /** Lists whose order doesn't matter. */
  readonly sets: readonly string[];
  /** True when the program may leave the name out. */
  readonly isAutoNamed: boolean;
}

/** Check and diff of a type from its rules. */
export function checkAndDiff(rules: PostgresInputs): Pick<ResourceType<ServerConfig>, "check" | "diff"> {
  return { check: (_config, call) => check(rules, call), diff: (_config, call) => diff(rules, call) };
}

/** Inputs with what absent ones mean, and sets sorted. */
export function filled(rules: PostgresInputs, inputs: ValueMap): ValueMap {
  const all: Record<string, Value> = { ...rules.meanings, ...rules.checkDefaults, ...inputs };
  for (const name of rules.sets) {
    const value = all[name];
    if (Array.isArray(value) && !value.includes(UNKNOWN))
      all[name] = [...(value as readonly string[])].sort();
  }
  return all;
}

/** Inputs of an import: what was found, without what an absent input means anyway. */
export function importedInputs(rules: PostgresInputs, found: ValueMap): ValueMap {
  const meant: ValueMap = { ...rules.checkDefaults, ...rules.meanings };
  const told = Object.entries(found).filter(
    ([name, value]) => name in rules.inputs && JSON.stringify(meant[name]) !== JSON.stringify(value),
  );
  return Object.fromEntries(told);
}

/** Old inputs with every member that the server answers otherwise replaced by that answer. */
export function observedInputs(rules: PostgresInputs, oldInputs: ValueMap, outputs: ValueMap): ValueMap {
  const old = filled(rules, oldInputs);
  const now = filled(rules, outputs);
  const changed = Object.keys(rules.inputs).filter((name) => {
    const isLeft = rules.computed.includes(name) && oldInputs[name] === undefined;
    const isObserved = outputs[name] !== undefined;
    return isObserved && !isLeft && JSON.stringify(old[name]) !== JSON.stringify(now[name]);
  });
  return { ...oldInputs, ...Object.fromEntries(changed.map((name) => [name, now[name] ?? null])) };
}

function check(rules: PostgresInputs, { news, olds, naming }: CheckCall): Checked {
  const named =
    rules.isAutoNamed && news.name === undefined ? autoName(naming, olds.name, false, "-", 7) : undefined;
  const inputs: ValueMap = {
    ...rules.checkDefaults,
    ...news,
    ...(named === undefined ? {} : { name: named.name }),
  };
  const missing = rules.required.filter((name) => inputs[name] === undefined);
  const failures = [
    ...Object.entries(inputs).flatMap(([name, value]) => refuse(rules, name, value)),
    ...missing.map((property) => ({ property, reason: `missing required property '${property}'` })),
  ];
  return { inputs, failures };
}

function refuse(rules: PostgresInputs, name: string, value: Value): readonly Failure[] {
  const rule = rules.inputs[name];
  if (rule === undefined)
    return [{ property: name, reason: `the local cloud does not support '${name}' of ${rules.token}` }];
  if (value === UNKNOWN || isAllowed(rule, value)) return [];
  const expected =
    typeof rule === "object"
      ? `${rule.only.map((each) => JSON.stringify(each)).join(" or ")} in the local cloud`
      : rule;
  return [{ property: name, reason: `'${name}' must be ${expected}` }];
}

function isAllowed(rule: InputRule, value: Value): boolean {
  if (typeof rule === "object") return rule.only.includes(value);
  if (rule !== "strings") return typeof value === rule;
  return Array.isArray(value) && value.every((item) => item === UNKNOWN || typeof item === "string");
}

function diff(rules: PostgresInputs, { olds, oldInputs, news }: DiffCall): Diff {
  const now = filled(rules, news);
  const known = Object.fromEntries(Object.entries(olds).filter(([name]) => name in rules.inputs));
  const before = { ...filled(rules, oldInputs), ...filled(rules, known) };
  const left = rules.computed.filter((name) => news[name] === undefined);
  const compared = (values: ValueMap) =>
    Object.fromEntries(
      Object.entries(values).filter(
        ([name, value]) => name in rules.inputs && !left.includes(name) && !isEmptyList(value),
      ),
    );
  const changes = diffInputs(compared(before), compared(now), {
    isReplace: (path) => rules.forceNew.includes(path.replace(/\[\]$/, "")),
  });
  // As bridged plugins do: two things can't have one name at once, nor two grants one object.
  return { changes, deleteBeforeReplace: true };
}

/** No list and an empty one are the same to Terraform's bridge. */
function isEmptyList(value: Value): boolean {
  return Array.isArray(value) && value.length === 0;
}
