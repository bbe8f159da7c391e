import { EngineError, refuse } from "./errors.ts";
import type { SecretsManager } from "./secrets.ts";
import { NO_TIMEOUTS, newState, type ResourceState } from "./state.ts";
import {
  Computed,
  isMap,
  OutputValue,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
  UNKNOWN,
} from "./value.ts";
import { RESOURCE_SIGNATURE, SECRET_SIGNATURE, SIGNATURE } from "./wire.ts";

/** How secrets are written: encrypted in a checkpoint, plain in an export, blinded in events. */
export type SecretWriter = (plaintext: string) => Readonly<Record<string, string>>;

/** Writes secrets encrypted, for the resource `urn`. */
export function encryptedSecrets(secrets: SecretsManager, urn: string): SecretWriter {
  return (plaintext) => ({ ciphertext: secrets.encrypt(urn, plaintext) });
}

/** Writes secrets in clear, as `stack export --show-secrets` does. */
export const plainSecrets: SecretWriter = (plaintext) => ({ plaintext });

/** Writes no secret at all, as engine events do. */
export const blindSecrets: SecretWriter = () => ({ ciphertext: "[secret]" });

/** Gives the plain text of an encrypted secret. */
export type SecretReader = (ciphertext: string) => string;

/** Fields that change what an operation does and that this engine doesn't know. */
const REFUSED_FIELDS = [
  "taint",
  "viewOf",
  "resourceHooks",
  "refreshBeforeUpdate",
  "replacementTrigger",
  "extensionRef",
  "snippetID",
] as const;
/** Fields that say nothing about behaviour, kept as they are. */
const CARRIED_FIELDS = ["sourcePosition", "stackTrace", "hideDiff"] as const;

/** A resource in the field order of Pulumi's checkpoint; empty fields are left out. */
export function resourceToJson(state: ResourceState, writer: SecretWriter): Record<string, unknown> {
  const timeouts = Object.entries(state.customTimeouts).filter(([, seconds]) => seconds !== 0);
  return {
    urn: state.urn,
    custom: state.custom,
    delete: state.delete || undefined,
    id: state.id || undefined,
    type: state.type,
    inputs: mapToJson(state.inputs, writer),
    outputs: mapToJson(state.outputs, writer),
    parent: state.parent || undefined,
    protect: state.protect || undefined,
    external: state.external || undefined,
    dependencies: unlessEmpty(state.dependencies),
    initErrors: unlessEmpty(state.initErrors),
    provider: state.provider || undefined,
    propertyDependencies: Object.keys(state.propertyDependencies).length
      ? state.propertyDependencies
      : undefined,
    pendingReplacement: state.pendingReplacement || undefined,
    additionalSecretOutputs: unlessEmpty(state.additionalSecretOutputs),
    aliases: unlessEmpty(state.aliases),
    customTimeouts: timeouts.length > 0 ? Object.fromEntries(timeouts) : undefined,
    importID: state.importId || undefined,
    retainOnDelete: state.retainOnDelete || undefined,
    deletedWith: state.deletedWith || undefined,
    replaceWith: unlessEmpty(state.replaceWith),
    created: state.created || undefined,
    modified: state.modified || undefined,
    ...state.carried,
    ignoreChanges: unlessEmpty(state.ignoreChanges),
    replaceOnChanges: unlessEmpty(state.replaceOnChanges),
  };
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function mapToJson(map: PropertyMap, writer: SecretWriter): unknown {
  return Object.keys(map).length === 0 ? undefined : valueToJson(map, writer);
}

/** A value in the state's form. */
export function valueToJson(value: PropertyValue, writer: SecretWriter): unknown {
  if (Array.isArray(value)) return value.map((element) => valueToJson(element, writer));
  if (value instanceof Secret) return secretToJson(value, writer);
  if (value instanceof Computed) return UNKNOWN;
  if (value instanceof OutputValue) return outputToJson(value, writer);
  if (value instanceof ResourceReference) return referenceToJson(value, writer);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, valueToJson(part, writer)]));
}

function outputToJson(output: OutputValue, writer: SecretWriter): unknown {
  const inner = output.value ?? new Computed();
  return valueToJson(output.secret ? new Secret(inner) : inner, writer);
}

function secretToJson(secret: Secret, writer: SecretWriter): unknown {
  const inner = valueToJson(secret.element, (plaintext) => ({ ciphertext: plaintext }));
  return { [SIGNATURE]: SECRET_SIGNATURE, ...writer(JSON.stringify(inner)) };
}

function referenceToJson(reference: ResourceReference, writer: SecretWriter): unknown {
  const id = reference.id === undefined ? {} : { id: valueToJson(reference.id, writer) };
  return {
    [SIGNATURE]: RESOURCE_SIGNATURE,
    urn: reference.urn,
    packageVersion: reference.packageVersion,
    ...id,
  };
}

type Json = Record<string, unknown>;

/** A resource from a checkpoint; refuses fields whose effect this engine doesn't have. */
export function resourceFromJson(json: Json, reader: (urn: string) => SecretReader): ResourceState {
  const urn = String(json.urn);
  const read = reader(urn);
  for (const field of REFUSED_FIELDS) if (json[field]) throw refuse(`'${field}' in the state of ${urn}`);
  const texts = (field: string): readonly string[] => (json[field] as string[] | undefined) ?? [];
  const text = (field: string): string => (json[field] as string | undefined) ?? "";
  const flag = (field: string): boolean => json[field] === true;
  return newState({
    urn,
    type: text("type"),
    custom: flag("custom"),
    delete: flag("delete"),
    id: text("id"),
    inputs: mapFromJson(json.inputs, urn, read),
    outputs: mapFromJson(json.outputs, urn, read),
    parent: text("parent"),
    protect: flag("protect"),
    external: flag("external"),
    dependencies: texts("dependencies"),
    initErrors: texts("initErrors"),
    provider: text("provider"),
    propertyDependencies: (json.propertyDependencies as Record<string, string[]> | undefined) ?? {},
    pendingReplacement: flag("pendingReplacement"),
    additionalSecretOutputs: texts("additionalSecretOutputs"),
    customTimeouts: { ...NO_TIMEOUTS, ...(json.customTimeouts as object | undefined) },
    importId: text("importID"),
    retainOnDelete: flag("retainOnDelete"),
    deletedWith: text("deletedWith"),
    replaceWith: texts("replaceWith"),
    created: text("created"),
    modified: text("modified"),
    ignoreChanges: texts("ignoreChanges"),
    replaceOnChanges: texts("replaceOnChanges"),
    carried: Object.fromEntries(CARRIED_FIELDS.filter((key) => key in json).map((key) => [key, json[key]])),
  });
}

function mapFromJson(json: unknown, urn: string, read: SecretReader): PropertyMap {
  return json === undefined || json === null ? {} : (valueFromJson(json, urn, read) as PropertyMap);
}

/** A value from the state's form. */
export function valueFromJson(json: unknown, urn: string, read: SecretReader): PropertyValue {
  if (json === UNKNOWN) return new Computed();
  if (Array.isArray(json)) return json.map((element) => valueFromJson(element, urn, read));
  if (typeof json !== "object" || json === null) return json as PropertyValue;
  const record = json as Json;
  if (record[SIGNATURE] !== undefined) return specialFromJson(record, urn, read);
  return Object.fromEntries(
    Object.entries(record).map(([key, part]) => [key, valueFromJson(part, urn, read)]),
  );
}

function specialFromJson(record: Json, urn: string, read: SecretReader): PropertyValue {
  if (record[SIGNATURE] === RESOURCE_SIGNATURE) {
    const id = record.id === undefined ? undefined : valueFromJson(record.id, urn, read);
    return new ResourceReference(String(record.urn), id, String(record.packageVersion ?? ""));
  }
  if (record[SIGNATURE] !== SECRET_SIGNATURE) {
    throw refuse(`values with the signature '${String(record[SIGNATURE])}' in the state of ${urn}`);
  }
  const plaintext = record.plaintext ?? record.ciphertext;
  if (typeof plaintext !== "string") throw new EngineError(`a secret of ${urn} has no text in the state`);
  const text = record.plaintext === undefined ? read(plaintext) : plaintext;
  return new Secret(valueFromJson(JSON.parse(text), urn, (inner) => inner));
}
