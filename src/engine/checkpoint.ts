import { createHash } from "node:crypto";
import { checkpointProblem } from "./checkpointShape.ts";
import { EngineError, messageOf, refuse } from "./errors.ts";
import type { SecretsManager, SecretsProvider } from "./secrets.ts";
import type { OperationType, PendingOperation, Snapshot } from "./snapshot.ts";
import type { ResourceState } from "./state.ts";
import { damaged } from "./stateFileError.ts";
import { encryptedSecrets, plainSecrets, resourceFromJson, resourceToJson } from "./stateJson.ts";
import { containsSecrets } from "./value.ts";
import { SECRET_SIGNATURE } from "./wire.ts";

/** Version that the official engine's manifests carry; the release this engine behaves like. */
export const MANIFEST_VERSION = "v3.248.0";

const PLAIN_VERSION = 3;
/** Written when a resource uses a feature older engines must refuse. */
const FEATURE_VERSION = 4;
const REPLACE_WITH = "replaceWith";
/**
 * Of a checkpoint whose run goes on or was cut off: what happened since stands in the journal beside it. No other
 * engine knows the name, so that none takes the checkpoint for the whole state.
 */
export const JOURNAL_FEATURE = "tenantryJournal";
const SUPPORTED_FEATURES: readonly string[] = [REPLACE_WITH];

/** Parts of a deployment that this engine would lose when it writes the state again. */
const UNSUPPORTED_PARTS = ["snippets", "extensions"] as const;

type Json = Record<string, unknown>;

/** `{manifest, secrets_providers, resources, pending_operations, metadata}` of a stack. */
export interface DeploymentJson extends Json {
  readonly secrets_providers?: SecretsProvider;
  readonly resources?: readonly Json[];
  readonly pending_operations?: readonly { readonly resource: Json; readonly type: OperationType }[];
}

/** A deployment as `stack export` prints it and `stack import` reads it. */
export interface UntypedDeployment {
  readonly version: number;
  /** The stack that a checkpoint file says it is of: `organization/<project>/<stack>`. */
  readonly stack?: string;
  readonly features?: readonly string[];
  readonly deployment: DeploymentJson;
}

/** Reads a checkpoint file's text; throws a `StateFileError` that names `path` when it is damaged. */
export function parseCheckpoint(text: string, path: string): UntypedDeployment {
  const json = parseJson(text, path) as {
    version: number;
    features?: string[];
    checkpoint: { stack?: string; latest?: DeploymentJson };
  };
  const features = Array.isArray(json.features) ? json.features : [];
  if (typeof json.version === "number")
    requireVersion(
      json.version,
      features.filter((feature) => feature !== JOURNAL_FEATURE),
      ` ('${path}')`,
    );
  const problem = checkpointProblem(json);
  if (problem !== undefined) throw damaged(path, problem);
  const { stack, latest } = json.checkpoint;
  const deployment = latest ?? {};
  for (const part of UNSUPPORTED_PARTS)
    if (Object.keys(deployment[part] ?? {}).length > 0) throw refuse(`'${part}' in the state ('${path}')`);
  return { version: json.version, features, ...(stack === undefined ? {} : { stack }), deployment };
}

function parseJson(text: string, path: string): unknown {
  if (text.trim() === "") throw damaged(path, "it is empty");
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json;
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  throw damaged(path, "it is not a Pulumi checkpoint");
}

/** Refuses versions and features this engine can't read; `where` ends the text. */
export function requireVersion(version: number, features: readonly string[] = [], where = ""): void {
  if (version < PLAIN_VERSION || version > FEATURE_VERSION) throw refuse(`state version ${version}${where}`);
  const unknown = features.filter((feature) => !SUPPORTED_FEATURES.includes(feature));
  if (unknown.length > 0) throw refuse(`the state features ${unknown.join(", ")}${where}`);
}

/** Whether a state text holds an encrypted secret, so that a key must be derived to read it. */
export function hasSecrets(deployment: DeploymentJson): boolean {
  return JSON.stringify(deployment).includes(SECRET_SIGNATURE);
}

/** The resources of a deployment; `secrets` must be unlocked when it has any. */
export function snapshotFromJson(deployment: DeploymentJson, secrets: SecretsManager | undefined): Snapshot {
  const reader = (urn: string) => (ciphertext: string) => {
    if (secrets === undefined)
      throw new EngineError(`a secret of ${urn} can't be read: the state has no salt`);
    return secrets.decrypt(urn, ciphertext);
  };
  return {
    resources: (deployment.resources ?? []).map((json) => resourceFromJson(json, reader)),
    pendingOperations: (deployment.pending_operations ?? []).map(({ resource, type }) => ({
      resource: resourceFromJson(resource, reader),
      type,
    })),
  };
}

function manifestOf(time: Date): Json {
  const magic = createHash("sha256").update(MANIFEST_VERSION).digest("hex");
  return { time: time.toISOString(), magic, version: MANIFEST_VERSION };
}

/** Whether writing this snapshot encrypts anything, so that a key must be derived. */
export function needsKey({ resources, pendingOperations }: Snapshot): boolean {
  const states = [...resources, ...pendingOperations.map(({ resource }) => resource)];
  const isFresh = (state: ResourceState): boolean =>
    state.serialized === undefined || state.aliases.length > 0;
  return states.some(
    (state) => isFresh(state) && (containsSecrets(state.inputs) || containsSecrets(state.outputs)),
  );
}

/** The parts of a checkpoint that change in a run, as JSON texts. */
export interface StateTexts {
  readonly resources: readonly string[];
  readonly operations: readonly string[];
  /** Features that an engine must know to read the resources. */
  readonly features: readonly string[];
}

/** A snapshot's texts; each resource's is made once and kept on its state. */
export function stateTexts(snapshot: Snapshot, secrets: SecretsManager | undefined): StateTexts {
  return {
    resources: withCurrentUrns(snapshot.resources).map((state) => textOf(state, secrets)),
    operations: snapshot.pendingOperations.map((operation) => operationText(operation, secrets)),
    features: featuresOf(snapshot.resources),
  };
}

/** The text of a checkpoint file. */
export function checkpointText(
  stack: string,
  snapshot: Snapshot,
  secrets: SecretsManager | undefined,
): string {
  return checkpointOf(stack, stateTexts(snapshot, secrets), secrets?.provider);
}

/** The text of a checkpoint file of these parts; `stack` is `<project>/<stack>`. */
export function checkpointOf(
  stack: string,
  { resources, operations, features }: StateTexts,
  provider: SecretsProvider | undefined,
): string {
  const latest = [`"manifest":${JSON.stringify(manifestOf(new Date()))}`];
  if (provider !== undefined) latest.push(`"secrets_providers":${JSON.stringify(provider)}`);
  if (resources.length > 0) latest.push(`"resources":[${resources.join(",")}]`);
  if (operations.length > 0) latest.push(`"pending_operations":[${operations.join(",")}]`);
  latest.push(`"metadata":{}`);
  const name = JSON.stringify(`organization/${stack}`);
  return `{${versionText(features)},"checkpoint":{"stack":${name},"latest":{${latest.join(",")}}}}`;
}

function versionText(features: readonly string[]): string {
  if (features.length === 0) return `"version":${PLAIN_VERSION}`;
  return `"version":${FEATURE_VERSION},"features":${JSON.stringify(features)}`;
}

function featuresOf(resources: readonly { readonly replaceWith: readonly string[] }[]): readonly string[] {
  return resources.some(({ replaceWith }) => replaceWith.length > 0) ? [REPLACE_WITH] : [];
}

/** The texts of a deployment as it was read. */
export function textsOf({ resources = [], pending_operations: pending = [] }: DeploymentJson): StateTexts {
  const isUsed = resources.some(({ replaceWith }) => Array.isArray(replaceWith) && replaceWith.length > 0);
  return {
    resources: resources.map((resource) => JSON.stringify(resource)),
    operations: pending.map((operation) => JSON.stringify(operation)),
    features: isUsed ? [REPLACE_WITH] : [],
  };
}

function textOf(state: ResourceState, secrets: SecretsManager | undefined): string {
  state.serialized ??= JSON.stringify(resourceToJson(state, writerFor(state.urn, secrets)));
  return state.serialized;
}

function operationText(operation: PendingOperation, secrets: SecretsManager | undefined): string {
  return `{"resource":${textOf(operation.resource, secrets)},"type":"${operation.type}"}`;
}

function writerFor(urn: string, secrets: SecretsManager | undefined): ReturnType<typeof encryptedSecrets> {
  if (secrets !== undefined) return encryptedSecrets(secrets, urn);
  return () => {
    throw new EngineError(`a secret of ${urn} can't be stored: the stack has no encryption salt`);
  };
}

/** Renames references to resources that took over an alias in this run; aliases themselves aren't stored. */
export function withCurrentUrns(resources: readonly ResourceState[]): readonly ResourceState[] {
  if (resources.every(({ aliases }) => aliases.length === 0)) return resources;
  const renames = new Map(
    resources.flatMap((state) => state.aliases.map((alias) => [alias, state.urn] as const)),
  );
  return resources.map((state) => renamed(state, renames));
}

function renamed(state: ResourceState, renames: ReadonlyMap<string, string>): ResourceState {
  const fix = (urn: string): string => renames.get(urn) ?? urn;
  const split = state.provider.lastIndexOf("::");
  return {
    ...state,
    serialized: undefined,
    aliases: [],
    parent: fix(state.parent),
    deletedWith: fix(state.deletedWith),
    provider: state.provider === "" ? "" : fix(state.provider.slice(0, split)) + state.provider.slice(split),
    dependencies: state.dependencies.map(fix),
    replaceWith: state.replaceWith.map(fix),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(fix)]),
    ),
  };
}

/** The deployment for `stack export`, with secrets in clear when asked for. */
export function exportDeployment(
  snapshot: Snapshot,
  provider: SecretsProvider | undefined,
  secrets: SecretsManager | undefined,
  showSecrets: boolean,
): Json {
  const toJson = (state: ResourceState): Json =>
    resourceToJson(state, showSecrets ? plainSecrets : writerFor(state.urn, secrets));
  const operations = snapshot.pendingOperations.map(({ resource, type }) => ({
    resource: toJson(resource),
    type,
  }));
  const features = featuresOf(snapshot.resources);
  return {
    version: features.length > 0 ? FEATURE_VERSION : PLAIN_VERSION,
    ...(features.length > 0 ? { features } : {}),
    deployment: {
      manifest: manifestOf(new Date()),
      ...(provider === undefined ? {} : { secrets_providers: provider }),
      ...(snapshot.resources.length > 0 ? { resources: snapshot.resources.map(toJson) } : {}),
      ...(operations.length > 0 ? { pending_operations: operations } : {}),
      metadata: {},
    },
  };
}
