import { latestOf, type SecretChange, type SecretDocument, type SecretVersion } from "./secretDocument.ts";
import { badParameter } from "./vaultError.ts";

/** Key Vault's limits: 25 KB a value, 15 tags of 256 characters. */
const MAX_VALUE_BYTES = 25_600;
const MAX_TAGS = 15;
const MAX_TAG_CHARACTERS = 256;
const MAX_CONTENT_TYPE_CHARACTERS = 255;

/** What a bundle says about the vault it is in. */
export interface BundleContext {
  readonly url: string;
  readonly recoverableDays: number;
  readonly isPurgeProtected: boolean;
}

/** A version as `GET /secrets` answers it, without its value. */
export function secretBundle(
  context: BundleContext,
  secret: SecretDocument,
  version: SecretVersion,
  isList = false,
): object {
  const id = `${context.url}/secrets/${secret.name}`;
  const { contentType, tags } = version;
  return {
    id: isList ? id : `${id}/${version.version}`,
    ...(contentType === undefined ? {} : { contentType }),
    attributes: attributes(context, version),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** A deleted secret as `GET /deletedsecrets` answers it. */
export function deletedBundle(context: BundleContext, secret: SecretDocument, isList = false): object {
  const { deleted } = secret;
  if (deleted === undefined) throw new Error(`Secret '${secret.name}' is not deleted.`);
  return {
    recoveryId: `${context.url}/deletedsecrets/${secret.name}`,
    deletedDate: Math.floor(deleted.at / 1000),
    scheduledPurgeDate: Math.floor(deleted.purgeAt / 1000),
    ...secretBundle(context, secret, latestOf(secret), isList),
  };
}

function attributes(context: BundleContext, version: SecretVersion): object {
  const { enabled, nbf, exp, created, updated } = version;
  return {
    enabled,
    ...(nbf === undefined ? {} : { nbf }),
    ...(exp === undefined ? {} : { exp }),
    created,
    updated,
    recoveryLevel: context.isPurgeProtected ? "Recoverable" : "Recoverable+Purgeable",
    recoverableDays: context.recoverableDays,
  };
}

/** The body of `PUT /secrets/<name>`, checked. */
export function parseSet(body: unknown): { readonly value: string; readonly change: SecretChange } {
  const { value, ...rest } = members(body, ["value", "contentType", "tags", "attributes"]);
  if (typeof value !== "string") throw badParameter("Secret's value is missing or is not a string.");
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw badParameter(
      `Secret's value has ${Buffer.byteLength(value)} bytes; at most ${MAX_VALUE_BYTES} are allowed.`,
    );
  }
  return { value, change: parseChange(rest) };
}

/** The body of `PATCH /secrets/<name>/<version>`, checked. */
export function parseUpdate(body: unknown): SecretChange {
  return parseChange(members(body, ["contentType", "tags", "attributes"]));
}

function parseChange(body: Record<string, unknown>): SecretChange {
  const { enabled, nbf, exp } = members(body.attributes ?? {}, ["enabled", "nbf", "exp", ...READ_ONLY]);
  return {
    ...optional("contentType", contentTypeOf(body.contentType)),
    ...optional("tags", tagsOf(body.tags)),
    ...optional("enabled", ofType<boolean>(enabled, "boolean", "attributes.enabled")),
    ...optional("nbf", ofType<number>(nbf, "number", "attributes.nbf")),
    ...optional("exp", ofType<number>(exp, "number", "attributes.exp")),
  };
}

/** Members that clients send back as they got them. */
const READ_ONLY = ["created", "updated", "recoveryLevel", "recoverableDays"];

function contentTypeOf(value: unknown): string | undefined {
  const text = ofType<string>(value, "string", "contentType");
  if (text !== undefined && text.length > MAX_CONTENT_TYPE_CHARACTERS) {
    throw badParameter(
      `'contentType' has ${text.length} characters; at most ${MAX_CONTENT_TYPE_CHARACTERS} are allowed.`,
    );
  }
  return text;
}

function tagsOf(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const tags = Object.entries(members(value));
  if (tags.length > MAX_TAGS)
    throw badParameter(`A secret has at most ${MAX_TAGS} tags; got ${tags.length}.`);
  const wrong = tags.find(
    ([name, text]) => typeof text !== "string" || Math.max(name.length, text.length) > MAX_TAG_CHARACTERS,
  );
  if (wrong !== undefined)
    throw badParameter(`Tag '${wrong[0]}' must be text of at most ${MAX_TAG_CHARACTERS} characters.`);
  return Object.fromEntries(tags) as Record<string, string>;
}

function members(value: unknown, allowed?: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badParameter("The request body must be a JSON object.");
  }
  const unknown =
    allowed === undefined ? undefined : Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined)
    throw badParameter(`The property '${unknown}' is not supported by the local cloud.`);
  return value as Record<string, unknown>;
}

function ofType<Type>(value: unknown, type: "boolean" | "number" | "string", path: string): Type | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== type) throw badParameter(`'${path}' must be a ${type}.`);
  return value as Type;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
