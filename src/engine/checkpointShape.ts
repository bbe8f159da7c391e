import { createHash } from "node:crypto";
import { typeOfUrn } from "./urn.ts";

type Json = Record<string, unknown>;
type Kind = "text" | "flag" | "texts" | "map" | "textLists" | "any";

const TOP_FIELDS: Readonly<Record<string, Kind>> = { version: "any", features: "texts", checkpoint: "map" };
const CHECKPOINT_FIELDS: Readonly<Record<string, Kind>> = { stack: "text", config: "map", latest: "map" };
const DEPLOYMENT_FIELDS: Readonly<Record<string, Kind>> = {
  manifest: "map",
  secrets_providers: "map",
  resources: "any",
  pending_operations: "any",
  metadata: "map",
  snippets: "any",
  extensions: "any",
};
const OPERATION_FIELDS: Readonly<Record<string, Kind>> = { resource: "map", type: "text" };
const OPERATION_TYPES: readonly unknown[] = ["creating", "updating", "deleting", "reading", "importing"];

/** Every field that Pulumi writes for a resource. */
const RESOURCE_FIELDS: Readonly<Record<string, Kind>> = {
  urn: "text",
  custom: "flag",
  delete: "flag",
  id: "text",
  type: "text",
  inputs: "map",
  outputs: "map",
  parent: "text",
  protect: "flag",
  taint: "flag",
  external: "flag",
  dependencies: "texts",
  initErrors: "texts",
  provider: "text",
  propertyDependencies: "textLists",
  pendingReplacement: "flag",
  additionalSecretOutputs: "texts",
  aliases: "texts",
  customTimeouts: "map",
  importID: "text",
  retainOnDelete: "flag",
  deletedWith: "text",
  replaceWith: "texts",
  created: "text",
  modified: "text",
  sourcePosition: "text",
  stackTrace: "any",
  ignoreChanges: "texts",
  hideDiff: "any",
  replaceOnChanges: "texts",
  replacementTrigger: "any",
  refreshBeforeUpdate: "flag",
  viewOf: "text",
  resourceHooks: "any",
  extensionRef: "any",
  snippetID: "text",
};

const FITS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  texts: isTexts,
  map: isObject,
  textLists: (value) =>
    isObject(value) && Object.values(value).every((list) => list === null || isTexts(list)),
  any: () => true,
};

/**
 * Says what makes a checkpoint's JSON no checkpoint, or nothing. A field that nobody knows counts: what stands
 * under a mangled name must not be taken for absent, and a stack with resources for an empty one.
 */
export function checkpointProblem(json: Json): string | undefined {
  const { checkpoint } = json;
  if (typeof json.version !== "number" || !isObject(checkpoint)) return "it is not a Pulumi checkpoint";
  const problem =
    fieldProblem(json, TOP_FIELDS, "it") ?? fieldProblem(checkpoint, CHECKPOINT_FIELDS, "its 'checkpoint'");
  if (problem !== undefined || !isObject(checkpoint.latest)) return problem;
  return deploymentProblem(checkpoint.latest);
}

/** The same for a deployment, as a checkpoint holds it and `stack export` prints it. */
export function deploymentProblem(deployment: Json): string | undefined {
  const { resources, pending_operations: operations } = deployment;
  return (
    fieldProblem(deployment, DEPLOYMENT_FIELDS, "its deployment") ??
    manifestProblem(deployment.manifest) ??
    listProblem(resources, "resources", resourceProblem) ??
    listProblem(operations, "pending_operations", operationProblem)
  );
}

function listProblem(
  list: unknown,
  name: string,
  problemOf: (entry: Json) => string | undefined,
): string | undefined {
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) return `'${name}' is no list`;
  for (const entry of list) {
    const problem = isObject(entry) ? problemOf(entry) : `an entry of '${name}' is no object`;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Pulumi's own guard: the magic is the hash of the version. */
function manifestProblem(manifest: unknown): string | undefined {
  if (!isObject(manifest) || manifest.magic === undefined) return undefined;
  const { magic, version } = manifest;
  if (version === undefined || version === "") return undefined;
  const expected = createHash("sha256").update(String(version)).digest("hex");
  return magic === expected ? undefined : "its manifest's magic doesn't fit its version";
}

function resourceProblem(resource: Json): string | undefined {
  const { urn, type, custom } = resource;
  if (typeof urn !== "string" || !urn.startsWith("urn:pulumi:")) return "a resource has no URN";
  if (typeof type !== "string" || typeof custom !== "boolean")
    return `the resource '${urn}' lacks 'type' or 'custom'`;
  if (typeOfUrn(urn) !== type) return `the resource '${urn}' has the type '${type}'`;
  return fieldProblem(resource, RESOURCE_FIELDS, `the resource '${urn}'`);
}

function operationProblem(operation: Json): string | undefined {
  const { resource, type } = operation;
  if (!isObject(resource) || !OPERATION_TYPES.includes(type)) return "a pending operation is incomplete";
  return fieldProblem(operation, OPERATION_FIELDS, "a pending operation") ?? resourceProblem(resource);
}

/** Absent and null are the same; anything else must be of its field's kind. */
function fieldProblem(json: Json, fields: Readonly<Record<string, Kind>>, owner: string): string | undefined {
  for (const [name, value] of Object.entries(json)) {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (kind === undefined) return `${owner} has a field '${name}', which Pulumi doesn't write`;
    if (value !== null && !FITS[kind](value)) return `${owner} has a field '${name}' of the wrong kind`;
  }
  return undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}
