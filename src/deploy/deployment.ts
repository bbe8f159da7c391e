import type { Properties } from "./deployEvents.ts";

/** Type of the resource whose presence makes a tenant registered, and the only protected one of its stack. */
export const REGISTRATION = "tenantry:index:Registration";

/** What `pulumi stack export` prints, as far as we look into it. */
export interface Deployment {
  readonly version: number;
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly PendingOperation[];
    readonly [key: string]: unknown;
  };
}

/** One resource of a stack's state. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  /** `<urn>::<id>` of the provider instance. */
  readonly provider?: string;
  readonly [key: string]: unknown;
}

/** An operation that had begun and of which nobody knows how it ended. */
export interface PendingOperation {
  readonly resource: StateResource;
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
}

/** Key and value by which Pulumi marks a secret in state. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a value of a state is a secret, sealed or in clear. */
export function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && SIGNATURE_KEY in value
    ? value[SIGNATURE_KEY] === SECRET_SIGNATURE
    : false;
}

/** The same properties with every secret of an export in clear (`--show-secrets`) replaced by its value. */
export function unseal(properties: Properties): Properties {
  return unsealAny(properties) as Properties;
}

function unsealAny(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unsealAny);
  if (value === null || typeof value !== "object") return value;
  if (isSecret(value)) return JSON.parse(String((value as { plaintext?: string }).plaintext ?? "null"));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unsealAny(each)]));
}
