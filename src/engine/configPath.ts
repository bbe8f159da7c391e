import { isSecure } from "./config.ts";
import { EngineError, misuse } from "./errors.ts";
import { type PropertyPath, parsePath } from "./propertyPath.ts";

/** Where a config value lies: an entry of the file and, with `--path`, a place inside it. */
export interface ConfigKey {
  /** `namespace:name`. */
  readonly entry: string;
  /** Keys and indices inside the entry; empty for the entry itself. */
  readonly path: PropertyPath;
}

/** Reads a key as the official CLI does: without a namespace it is the project's. With `isPath` it may go on inside. */
export function parseConfigKey(text: string, isPath: boolean, project: string): ConfigKey {
  const end = isPath ? text.search(/[[.]/) : -1;
  const top = qualifiedKey(end > 0 ? text.slice(0, end) : text, project);
  const colon = top.indexOf(":");
  const [namespace, name] = [top.slice(0, colon), top.slice(colon + 1)];
  if (!isPath) return { entry: `${namespace}:${requireName(name)}`, path: [] };
  const [head, ...path] = parseStrictly(end > 0 ? name + text.slice(end) : name);
  if (typeof head !== "string")
    throw misuse("invalid configuration key: the first segment of its path must be a name");
  return { entry: `${namespace}:${requireName(head)}`, path };
}

function requireName(name: string): string {
  if (name === "") throw misuse("invalid configuration key: it is empty");
  return name;
}

function qualifiedKey(text: string, project: string): string {
  const parts = text.split(":");
  if (parts.length === 1) return `${project}:${text}`;
  if (parts.length === 2) return text;
  if (parts.length === 3 && parts[1] === "config") return `${parts[0]}:${parts[2]}`;
  throw misuse(
    `invalid configuration key: could not parse ${text} as a configuration key (configuration keys should be of the form \`<namespace>:<name>\`)`,
  );
}

function parseStrictly(text: string): PropertyPath {
  const isLoose = /^\.|\.$|\.\.|\.\[/.test(text);
  try {
    if (!isLoose) return parsePath(text);
  } catch (error) {
    throw misuse(`invalid configuration key: invalid config key path: ${(error as Error).message}`);
  }
  throw misuse(`invalid configuration key: invalid config key path: '${text}' is not a property path`);
}

type Entries = Readonly<Record<string, unknown>>;

function isEntries(value: unknown): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isSecure(value);
}

/** The value at a path inside `root`; undefined when there is none. */
export function valueAt(root: unknown, path: PropertyPath): unknown {
  let value = root;
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === "number" ? value[step] : undefined;
    else if (isEntries(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined;
  }
  return value;
}

/** A copy of `root` with `value` at the path; maps and lists on the way are made, and a plain entry gives way to them. */
export function withValueAt(root: unknown, { entry, path }: ConfigKey, value: unknown): unknown {
  const isContainer = Array.isArray(root) || isEntries(root);
  return setAt(isContainer ? root : undefined, path, value, [entry]);
}

function setAt(current: unknown, path: PropertyPath, value: unknown, done: PropertyPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const here = [...done, step];
  const container = current ?? newContainer(step);
  if (Array.isArray(container)) return setElement(container, here, rest, value);
  if (!isEntries(container)) {
    const expected = typeof step === "number" ? "an array" : "a map";
    throw failure(`${textOf(done)}: expected ${expected}`);
  }
  if (typeof step === "number") throw failure(`${textOf(here)}: key for a map must be a string`);
  const known = Object.hasOwn(container, step) ? container[step] : undefined;
  const result = { ...container, [step]: setAt(known, rest, value, here) };
  refuseSecureShape(result);
  return result;
}

function setElement(
  list: readonly unknown[],
  here: PropertyPath,
  rest: PropertyPath,
  value: unknown,
): unknown {
  const index = here.at(-1);
  if (typeof index !== "number") throw failure(`${textOf(here)}: key for an array must be an int`);
  if (index > list.length) throw failure(`${textOf(here)}: array index out of range`);
  const copy = [...list];
  copy[index] = setAt(list[index] ?? undefined, rest, value, here);
  return copy;
}

function newContainer(step: string | number): unknown {
  return typeof step === "number" ? new Array<null>(step + 1).fill(null) : {};
}

/** A copy of `root` without what is at the path; `root` itself when nothing is there. */
export function withoutValueAt(root: unknown, path: PropertyPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined || valueAt(root, [step]) === undefined) return root;
  if (Array.isArray(root)) {
    if (rest.length === 0) return root.filter((_, index) => index !== step);
    return root.map((element, index) => (index === step ? withoutValueAt(element, rest) : element));
  }
  const { [step]: inner, ...others } = root as Entries;
  if (rest.length === 0) {
    refuseSecureShape(others);
    return others;
  }
  return { ...(root as Entries), [step]: withoutValueAt(inner, rest) };
}

/** A map that would be read as a secret's ciphertext. */
function refuseSecureShape(value: Entries): void {
  if (isSecure(value)) throw failure('maps with the single key "secure" are reserved');
}

function failure(message: string): EngineError {
  return new EngineError(`could not set config: ${message}`);
}

function textOf(path: PropertyPath): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/** Texts that become something else inside maps and lists: `true`, `false` and whole numbers without leading zeros. */
export function coerced(text: string): string | boolean | number | bigint {
  if (text === "true" || text === "false") return text === "true";
  if (!/^[-+]?\d+$/.test(text) || (text.length > 1 && text.startsWith("0"))) return text;
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const big = BigInt(text);
  return big >= -(2n ** 63n) && big < 2n ** 64n ? big : text;
}
