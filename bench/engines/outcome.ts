/** What one engine did with one program; compared with what another did. */
export interface Outcome {
  readonly stages: readonly Stage[];
  /** Stack outputs after `up`, secrets in clear. */
  readonly outputs: unknown;
  /** The state after `up` and after `refresh`, by stage. */
  readonly states: Readonly<Record<string, readonly Resource[]>>;
}

/** One command of an engine. */
export interface Stage {
  readonly name: string;
  /** The first error it printed; undefined when it ended well. */
  readonly failure: string | undefined;
  /** Each event of a step, in order. */
  readonly steps: readonly StepEvent[];
  readonly changes: Readonly<Record<string, number>>;
}

export interface StepEvent {
  readonly moment: "began" | "ended" | "failed";
  readonly op: string;
  readonly urn: string;
}

/** A resource as an exported deployment has it. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly dependencies?: readonly string[];
  readonly parent?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** Keys of a resource that differ in every run or tell where a program's source is. */
const OWN_KEYS = ["created", "modified", "sourcePosition", "stackTrace"];
/** What only plugins made from Terraform providers note for themselves. */
const BRIDGE_ONLY = new Set(["__defaults", "__meta", "__pulumi_raw_state_delta"]);
/** Random values that have no fixed length. */
const FREE_LENGTH = /RandomPet|RandomInteger|RandomShuffle/;
/** Shorter values could stand in any text by chance. */
const SHORTEST_PART = 4;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g;

/**
 * Every difference between two outcomes, in words; random values count as equal when their shape is. With
 * `isEmptyAbsent` so do an output that is empty and none: plugins of different make differ in what they leave out.
 */
export function differences(one: Outcome, other: Outcome, isEmptyAbsent = false): readonly string[] {
  const names = one.stages.map(({ name }) => name);
  if (names.join() !== other.stages.map(({ name }) => name).join()) {
    return [`stages: ${names} and ${other.stages.map(({ name }) => name)}`];
  }
  const masks: Masks = [maskOf(one), maskOf(other), isEmptyAbsent];
  const stages = one.stages.flatMap((stage, index) =>
    stageDifferences(stage, other.stages[index] as Stage, masks),
  );
  const states = Object.keys(one.states).flatMap((name) =>
    valueDifferences(`state after ${name}`, comparable(one, name), comparable(other, name), masks),
  );
  return [...stages, ...valueDifferences("outputs", one.outputs, other.outputs, masks), ...states];
}

/** Steps that began before what they depend on was done; an engine's own order is free beside that. */
export function orderProblems({ stages, states }: Outcome): readonly string[] {
  return stages.flatMap(({ name, steps }) => {
    if (name !== "up" && name !== "destroy") return [];
    const resources = Object.values(states).at(name === "up" ? 0 : -1) ?? [];
    const at = (moment: StepEvent["moment"], urn: string): number =>
      steps.findIndex((step) => step.moment === moment && step.urn === urn);
    const edges = resources.flatMap(({ urn, dependencies = [] }) =>
      dependencies.map((needed) => (name === "up" ? [urn, needed] : [needed, urn]) as [string, string]),
    );
    return edges
      .filter(([later, first]) => at("began", later) >= 0 && at("began", later) < at("ended", first))
      .map(([later, first]) => `${name}: '${later}' began before '${first}' was done`);
  });
}

type Mask = (text: string) => string;
type Masks = readonly [one: Mask, other: Mask, isEmptyAbsent: boolean];

function stageDifferences(one: Stage, other: Stage, masks: Masks): readonly string[] {
  const lines = (stage: Stage): readonly string[] =>
    stage.steps.map(({ moment, op, urn }) => `${moment} ${op} ${urn}`).sort();
  return [
    ...valueDifferences(`${one.name} ends`, endOf(one), endOf(other), masks),
    ...valueDifferences(`${one.name} counts`, one.changes, other.changes, masks),
    ...listDifferences(`${one.name} steps`, lines(one), lines(other)),
  ];
}

/** Each engine has words of its own for what went wrong. */
function endOf({ failure }: Stage): string {
  return failure === undefined ? "well" : "with an error";
}

function listDifferences(where: string, one: readonly string[], other: readonly string[]): readonly string[] {
  const count = (list: readonly string[], line: string): number =>
    list.filter((each) => each === line).length;
  const all = [...new Set([...one, ...other])];
  return all
    .filter((line) => count(one, line) !== count(other, line))
    .map((line) => `${where}: '${line}' ${count(one, line)} and ${count(other, line)} times`);
}

function valueDifferences(where: string, one: unknown, other: unknown, masks: Masks): readonly string[] {
  if (masks[2] && isEmpty(one) && isEmpty(other)) return [];
  if (isObject(one) && isObject(other)) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
    const compared = keys.filter((key) => !BRIDGE_ONLY.has(key));
    return compared.flatMap((key) => valueDifferences(`${where} ${key}`, one[key], other[key], masks));
  }
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (masks[0](textOf(one)) === masks[1](textOf(other))) return [];
  return [`${where}: ${textOf(one)} and ${textOf(other)}`];
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value);
    return (
      members.length === 0 || (members.length === 1 && members[0]?.[0] === "secret" && isEmpty(members[0][1]))
    );
  }
  return value === undefined || value === null || value === "" || value === 0 || value === false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

/** The resources of a state by URN; dependencies have no order, empty ones no meaning. */
function comparable({ states }: Outcome, name: string): unknown {
  const entries = (states[name] ?? []).map((resource) => {
    const kept = Object.entries(resource).filter(([key]) => !OWN_KEYS.includes(key));
    const edges = Object.entries((resource.propertyDependencies ?? {}) as Record<string, readonly string[]>);
    return [
      `${resource.urn}${resource.delete === true ? " (to be deleted)" : ""}`,
      {
        ...opened(Object.fromEntries(kept)),
        dependencies: [...(resource.dependencies ?? [])].sort(),
        propertyDependencies: Object.fromEntries(
          edges.filter(([, urns]) => urns.length > 0).map(([key, urns]) => [key, [...urns].sort()]),
        ),
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** A value with its secrets as `{secret: value}`; exported they are JSON texts, which may be written in more than one way. */
function opened(value: unknown): Record<string, unknown> {
  const open = (each: unknown): unknown => {
    if (!isObject(each)) return each;
    if (Array.isArray(each)) return each.map(open);
    if (typeof each.plaintext === "string") return { secret: JSON.parse(each.plaintext) as unknown };
    return Object.fromEntries(Object.entries(each).map(([key, member]) => [key, open(member)]));
  };
  return open(value) as Record<string, unknown>;
}

/** Puts what is random or a time in a text as what it is: `<password.result, 16 characters>`. */
function maskOf(outcome: Outcome): Mask {
  const values = new Map(
    Object.values(outcome.states).flatMap((resources) => resources.flatMap(randomValues)),
  );
  const parts = [...values].filter(([value]) => value.length >= SHORTEST_PART);
  const autoNames = [...new Set(Object.values(outcome.states).flatMap((list) => list.map(nameOf)))].map(
    (name) => new RegExp(`${name.replace(/[^\w-]/g, "\\$&")}(-?)[0-9a-f]{7,8}(?![0-9a-f])`, "g"),
  );
  return (text) => {
    const whole = values.get(text);
    if (whole !== undefined) return whole;
    const named = parts.reduce((masked, [value, name]) => masked.replaceAll(value, name), text);
    const plain = named.replace(UUID, "<uuid>").replace(TIME, "<time>");
    return autoNames.reduce((done, pattern) => done.replace(pattern, "<auto-named>$1"), plain);
  };
}

function randomValues({ type, urn, id, inputs, outputs }: Resource): readonly (readonly [string, string])[] {
  if (!type.startsWith("random:")) return [];
  // What a shuffle gives it was given.
  const isShuffle = type.includes("RandomShuffle");
  const given = new Set(isShuffle ? [] : leavesOf("", inputs).map(([, value]) => value));
  return leavesOf(nameOf({ urn }), isShuffle ? { results: outputs?.results } : { id, ...opened(outputs) })
    .filter(([, value]) => !given.has(value) && value !== "none" && value !== "true" && value !== "false")
    .map(([name, value]) => {
      const isFree = FREE_LENGTH.test(type) || name.endsWith(".dec");
      return [value, isFree ? `<${name}>` : `<${name}, ${value.length} characters>`] as const;
    });
}

function nameOf({ urn }: Pick<Resource, "urn">): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function leavesOf(name: string, value: unknown): readonly (readonly [string, string])[] {
  if (isObject(value))
    return Object.entries(value).flatMap(([key, each]) => leavesOf(`${name}.${key}`, each));
  return value === undefined || value === null ? [] : [[name, String(value)]];
}
