import type { Checked, Created, Failure, Found, ResourceType } from "../rpc/plugin.ts";
import { diffInputs } from "../rpc/propertyDiff.ts";
import { hasUnknown, isMap, Secret, UNKNOWN, type Value, type ValueMap } from "../rpc/values.ts";

type Kind = "boolean" | "map" | "number" | "string";

/** One type of the random provider. Nothing outside the stack's state exists, so read echoes it and delete does nothing. */
export interface RandomKind {
  /** Inputs and their kinds; anything else is refused by name. */
  readonly inputs: Readonly<Record<string, Kind>>;
  /** Outputs that are made, not given. */
  readonly made: readonly string[];
  /** Made outputs that state must encrypt. */
  readonly secrets: readonly string[];
  /** The inputs with every default filled in: what state remembers and a diff compares. */
  fill(inputs: ValueMap): ValueMap;
  /** Refusals beyond names and kinds; `given` are the inputs before anything was filled in. */
  refuse(filled: ValueMap, given: ValueMap): readonly string[];
  /** Makes id and outputs from filled inputs. */
  make(filled: ValueMap): Promise<Created>;
  /** Outputs and inputs of an existing value, by import id. Throws when the id isn't one. */
  adopt(importId: string): Promise<Found>;
}

/** The resource type around a kind: any changed input replaces. */
export function randomType(kind: RandomKind): ResourceType<unknown> {
  return {
    check: (_config, { news }) => check(kind, news),
    diff: (_config, { olds, oldInputs, news }) => {
      const names = Object.keys(kind.inputs);
      const old = { ...kind.fill(pick(oldInputs, names)), ...pick(olds, names) };
      const isEmptied = isEmpty(old.keepers) && isEmpty(news.keepers);
      const isReplace = (path: string) => !(path === "keepers" && isEmptied);
      return { changes: diffInputs(old, kind.fill(news), { isReplace }), deleteBeforeReplace: false };
    },
    create: async (_config, { news, isPreview }) => {
      const filled = kind.fill(news);
      if (!isPreview) return conceal(kind, await kind.make(filled));
      return {
        id: "",
        outputs: { ...filled, ...Object.fromEntries(kind.made.map((name) => [name, UNKNOWN])) },
      };
    },
    read: async (_config, { id, oldInputs, olds }) => {
      if (Object.keys(olds).length === 0) return conceal(kind, await kind.adopt(id));
      return conceal(kind, { id, outputs: olds, inputs: oldInputs ?? pick(olds, Object.keys(kind.inputs)) });
    },
    update: async (_config, { id, news, olds }) =>
      conceal(kind, { id, outputs: { ...kind.fill(news), ...pick(olds, kind.made) } }).outputs,
    delete: () => Promise.resolve(),
  };
}

/** No keepers and empty ones differ, but keep nothing: the only change that replaces no value. */
function isEmpty(keepers: Value | undefined): boolean {
  return keepers === undefined || (isMap(keepers) && Object.keys(keepers).length === 0);
}

function check(kind: RandomKind, news: ValueMap): Checked {
  const failures = Object.entries(news).flatMap(([name, value]) => refuseInput(kind, name, value));
  if (failures.length === 0) {
    const filled = kind.fill(news);
    failures.push(...kind.refuse(filled, news).map((reason) => ({ property: "", reason })));
  }
  return { inputs: news, failures };
}

function refuseInput(kind: RandomKind, name: string, value: Value): Failure[] {
  const expected = kind.inputs[name];
  if (expected === undefined) return [{ property: name, reason: `there is no property '${name}'` }];
  if (value === UNKNOWN) return [];
  const got = typeof value === "object" ? "map" : typeof value;
  if (got === expected) return [];
  return [
    {
      property: name,
      reason: `expected a ${expected}; got ${got === "string" ? `'${String(value)}'` : `a ${got}`}`,
    },
  ];
}

function conceal<Result extends Created>(kind: RandomKind, result: Result): Result {
  const secrets = kind.secrets.map((name) => [name, new Secret(result.outputs[name] ?? null)]);
  return { ...result, outputs: { ...result.outputs, ...Object.fromEntries(secrets) } };
}

/** The named members that are there. */
export function pick(values: ValueMap, names: readonly string[]): ValueMap {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

/** A known number among checked inputs. Throws while it is unknown. */
export function numberOf(filled: ValueMap, name: string): number {
  const value = filled[name];
  if (typeof value !== "number")
    throw new Error(`'${name}' must be a number${hasUnknown(value) ? " that is known" : ""}`);
  return value;
}
