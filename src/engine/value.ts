/** How an unknown value travels and is stored. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value whose plain text must only be stored encrypted. */
export class Secret {
  readonly element: PropertyValue;

  constructor(element: PropertyValue) {
    this.element = element;
  }
}

/** A value that is known only after an update. */
export class Computed {}

/** A value with the resources it depends on, as SDKs send them in some places. */
export class OutputValue {
  readonly value: PropertyValue | undefined;
  readonly secret: boolean;
  readonly dependencies: readonly string[];

  constructor(value: PropertyValue | undefined, secret: boolean, dependencies: readonly string[]) {
    this.value = value;
    this.secret = secret;
    this.dependencies = dependencies;
  }
}

/** A reference to another resource of the stack; `id` is undefined for components. */
export class ResourceReference {
  readonly urn: string;
  readonly id: PropertyValue | undefined;
  readonly packageVersion: string;

  constructor(urn: string, id: PropertyValue | undefined, packageVersion: string) {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

export type Special = Secret | Computed | OutputValue | ResourceReference;
export type PropertyValue = null | boolean | number | string | PropertyValue[] | PropertyMap | Special;
export interface PropertyMap {
  [key: string]: PropertyValue;
}

export function isSpecial(value: PropertyValue): value is Special {
  return (
    value instanceof Secret ||
    value instanceof Computed ||
    value instanceof OutputValue ||
    value instanceof ResourceReference
  );
}

export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isSpecial(value);
}

/** The parts directly inside a value. */
function children(value: PropertyValue): readonly PropertyValue[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Secret) return [value.element];
  if (value instanceof OutputValue) return value.value === undefined ? [] : [value.value];
  if (value instanceof ResourceReference) return value.id === undefined ? [] : [value.id];
  return isMap(value) ? Object.values(value) : [];
}

export function containsUnknowns(value: PropertyValue): boolean {
  if (value instanceof Computed || (value instanceof OutputValue && value.value === undefined)) return true;
  return children(value).some(containsUnknowns);
}

export function containsSecrets(value: PropertyValue): boolean {
  if (value instanceof Secret || (value instanceof OutputValue && value.secret)) return true;
  return children(value).some(containsSecrets);
}

/** Equality by value; unknowns equal each other, a secret equals only a secret. */
export function equals(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => equals(element, right[index]));
  }
  if (isMap(left) && isMap(right)) return equalMaps(left, right);
  return left !== undefined && right !== undefined && equalSpecials(left, right);
}

export function equalMaps(left: PropertyMap, right: PropertyMap): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equals(left[key], right[key]))
  );
}

function equalSpecials(left: PropertyValue, right: PropertyValue): boolean {
  if (left instanceof Secret && right instanceof Secret) return equals(left.element, right.element);
  if (left instanceof Computed) return right instanceof Computed;
  if (left instanceof ResourceReference && right instanceof ResourceReference) {
    return left.urn === right.urn && equals(left.id, right.id);
  }
  if (left instanceof OutputValue && right instanceof OutputValue) {
    return left.secret === right.secret && equals(left.value, right.value);
  }
  return false;
}

/** Every part replaced from the inside out. */
export function mapValue(
  value: PropertyValue,
  change: (part: PropertyValue) => PropertyValue,
): PropertyValue {
  if (Array.isArray(value)) return change(value.map((element) => mapValue(element, change)));
  if (value instanceof Secret) return change(new Secret(mapValue(value.element, change)));
  if (isMap(value)) return change(mapEntries(value, change));
  return change(value);
}

export function mapEntries(map: PropertyMap, change: (part: PropertyValue) => PropertyValue): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, part]) => [key, mapValue(part, change)]));
}

/** Without the marks of secrets and dependencies; what providers that know nothing of secrets see. */
export function unwrap(value: PropertyValue): PropertyValue {
  return mapValue(value, (part) => {
    if (part instanceof Secret) return part.element;
    if (part instanceof OutputValue) return part.value === undefined ? new Computed() : unwrap(part.value);
    return part;
  });
}

export function unwrapMap(map: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, part]) => [key, unwrap(part)]));
}

/** Output values turned into secrets, unknowns or plain values: what the engine stores and sends. */
export function downgradeOutputs(map: PropertyMap): PropertyMap {
  return mapEntries(map, (part) => {
    if (!(part instanceof OutputValue)) return part;
    const inner =
      part.value === undefined ? new Computed() : (downgradeOutputs({ part: part.value }).part ?? null);
    return part.secret ? new Secret(inner) : inner;
  });
}

/** Resources named by output values inside `value`. */
export function outputDependencies(value: PropertyValue): readonly string[] {
  const own = value instanceof OutputValue ? value.dependencies : [];
  return [...own, ...children(value).flatMap(outputDependencies)];
}

/** Marks values as secret whose counterpart in `from` is: providers that get plain values answer plain ones. */
export function annotateSecrets(target: PropertyMap, from: PropertyMap): void {
  for (const [key, source] of Object.entries(from)) {
    const value = target[key];
    if (value === undefined) continue;
    if (isMap(value) && isMap(source)) annotateSecrets(value, source);
    else if (!(value instanceof Secret) && containsSecrets(source)) target[key] = new Secret(value);
  }
}

/** Keys whose values differ, secrets and outputs unwrapped. */
export function changedKeys(before: PropertyMap, after: PropertyMap): string[] {
  const left = unwrapMap(before);
  const right = unwrapMap(after);
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return keys.filter((key) => containsUnknowns(right[key] ?? null) || !equals(left[key], right[key]));
}
