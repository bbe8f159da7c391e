/** Type of the resource every program's resources hang under. */
export const ROOT_STACK_TYPE = "pulumi:pulumi:Stack";

const PREFIX = "urn:pulumi:";
const PROVIDER_TYPE_PREFIX = "pulumi:providers:";

/** The four parts of `urn:pulumi:<stack>::<project>::<qualified type>::<name>`. */
export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Types of all parents but the stack and the own type, joined by `$`. */
  readonly qualifiedType: string;
  readonly name: string;
}

/** A resource's URN; a parent that is the root stack leaves no trace in it. */
export function createUrn(
  stack: string,
  project: string,
  parent: string,
  type: string,
  name: string,
): string {
  const parentType = parent === "" ? "" : parseUrn(parent).qualifiedType;
  const qualifiedType = parentType === "" || parentType === ROOT_STACK_TYPE ? type : `${parentType}$${type}`;
  return `${PREFIX}${stack}::${project}::${qualifiedType}::${name}`;
}

/** Splits a URN; a name may itself hold `::`. Throws on anything that isn't a URN. */
export function parseUrn(urn: string): UrnParts {
  const [stack, project, qualifiedType, ...name] = urn.slice(PREFIX.length).split("::");
  if (!urn.startsWith(PREFIX) || !stack || !project || !qualifiedType || name.length === 0) {
    throw new Error(`'${urn}' is not a URN`);
  }
  return { stack, project, qualifiedType, name: name.join("::") };
}

/** The own type in a URN, without the parents'. */
export function typeOfUrn(urn: string): string {
  const { qualifiedType } = parseUrn(urn);
  return qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1);
}

export function nameOfUrn(urn: string): string {
  return parseUrn(urn).name;
}

export function isProviderType(type: string): boolean {
  return type.startsWith(PROVIDER_TYPE_PREFIX);
}

export function providerType(pkg: string): string {
  return `${PROVIDER_TYPE_PREFIX}${pkg}`;
}

/** Package of a type token: of `pulumi:providers:random` it is `random`, of `random:index/x:X` too. */
export function packageOfType(type: string): string {
  return isProviderType(type) ? type.slice(PROVIDER_TYPE_PREFIX.length) : (type.split(":")[0] ?? "");
}

/** `<urn>::<id>`, as a resource's `provider` field has it. */
export function providerReference(urn: string, id: string): string {
  return `${urn}::${id}`;
}

export function parseProviderReference(reference: string): { readonly urn: string; readonly id: string } {
  const split = reference.lastIndexOf("::");
  const urn = reference.slice(0, split);
  const id = reference.slice(split + 2);
  parseUrn(urn);
  if (id === "") throw new Error(`'${reference}' is not a provider reference`);
  return { urn, id };
}
