import { isMap, parseDocument } from "yaml";
import type { JsonValue } from "./desired.ts";
import { InternalError, UserError } from "./errors.ts";
import { valueAt } from "./fieldProblems.ts";
import type { ValuePath } from "./problems.ts";
import { parseYamlDocument, type YamlDocument } from "./yamlDocument.ts";
import { cutField, type Fields, fieldOf, insertField, replaceValue, writeScalar } from "./yamlFields.ts";

/** A field that verbs set in an entry. They go together: where one is overridden, all are. */
export type EditedField = "status" | "suspendReason" | "purge";

/** A new field stands behind this one. */
const SIBLING: EditedField = "status";

/**
 * Sets a field of an entry's YAML: in the override of `environment` where that decides the status, else on top. In place where
 * it stands, else behind `status` or at the end. Comments, order, line ends and every other byte stay. Throws `E_INVALID_ENTRY`
 * for a text that isn't a readable entry.
 */
export function setEntryField(
  text: string,
  file: string,
  field: EditedField,
  value: string,
  environment?: string,
): string {
  const { document, base, fields } = openEntry(text, file, environment);
  const found = fieldOf(fields, field);
  const written = writeScalar(value);
  const edited =
    found === undefined
      ? insertField(text, fields, `${field}: ${written}`, SIBLING)
      : replaceValue(text, found, written);
  return proven(edited, document, [...base, field], value);
}

/** Removes a field where `setEntryField` would set it; a text without it comes back as it was. Throws as `setEntryField`. */
export function removeEntryField(
  text: string,
  file: string,
  field: EditedField,
  environment?: string,
): string {
  const { document, base, fields } = openEntry(text, file, environment);
  const found = fieldOf(fields, field);
  if (found === undefined) return text;
  return proven(cutField(text, fields, found), document, [...base, field], undefined);
}

/**
 * Gives an environment a `status` of its own, in its override (which comes to be where there is none), so that what is set from
 * then on is set there and other environments keep what they have. Comments and every other byte stay. Throws as `setEntryField`.
 */
export function overrideStatus(text: string, file: string, environment: string, status: string): string {
  return overrideField(text, file, environment, SIBLING, status);
}

/**
 * Sets the server of an environment: where an override or the entry names one for it, else on top, or in the override of an entry
 * that other environments have too, whose servers are others. Comments and every other byte stay. Throws as `setEntryField`.
 */
export function setEntryServer(text: string, file: string, environment: string, server: string): string {
  const document = parseYamlDocument(text, file);
  const { environments } = document.root;
  const isShared = Array.isArray(environments) && environments.length > 1;
  const path = ["overrides", environment, "server"];
  if (valueAt(document.root, path) !== undefined || !isShared) {
    const base = valueAt(document.root, path) === undefined ? [] : path.slice(0, 2);
    const { fields } = openMapping(text, document, base);
    const found = fieldOf(fields, "server");
    const written = writeScalar(server);
    const edited =
      found === undefined
        ? insertField(text, fields, `server: ${written}`, "plan")
        : replaceValue(text, found, written);
    const after = parseYamlDocument(edited, file);
    const wanted = withValue(document.root, [...base, "server"], server);
    if (after.isReadable && isSameData(after.root, wanted)) return edited;
    throw new InternalError(`Setting 'server' of ${file} gave a text that reads otherwise.`);
  }
  return overrideField(text, file, environment, "server", server);
}

function overrideField(
  text: string,
  file: string,
  environment: string,
  field: string,
  value: string,
): string {
  const path = ["overrides", environment, field];
  const document = parseYamlDocument(text, file);
  const isThere = (depth: number) => valueAt(document.root, path.slice(0, depth)) !== undefined;
  const depth = [2, 1, 0].find(isThere) ?? 0;
  const { fields } = openMapping(text, document, path.slice(0, depth));
  const [name = "", ...rest] = path.slice(depth);
  const written = rest.reduceRight((inner, key) => `{ ${key}: ${inner} }`, writeScalar(value));
  const edited = insertField(text, fields, `${name}: ${written}`, depth === 0 ? "environments" : SIBLING);
  const after = parseYamlDocument(edited, file);
  if (after.isReadable && isSameData(after.root, withValue(document.root, path, value))) return edited;
  throw new InternalError(`Overriding '${path.join(".")}' of ${file} gave a text that reads otherwise.`);
}

function openEntry(text: string, file: string, environment: string | undefined) {
  const document = parseYamlDocument(text, file);
  const override = environment === undefined ? [] : ["overrides", environment];
  const base = valueAt(document.root, [...override, SIBLING]) === undefined ? [] : override;
  return openMapping(text, document, base);
}

function openMapping(text: string, document: YamlDocument, base: readonly string[]) {
  const fields = parseDocument(text, { merge: false, stringKeys: true }).getIn(base, true);
  if (document.isReadable && isMap(fields)) return { document, base, fields: fields as Fields };
  throw new UserError("E_INVALID_ENTRY", `${document.file}: expected a readable entry to edit.`, {
    hint: "`tenantry check` names what is wrong with it.",
  });
}

/** An edit that says anything else than asked would be written over a person's file: checked by reading it again. */
export function proven(
  edited: string,
  before: YamlDocument,
  path: ValuePath,
  value: string | number | undefined,
): string {
  const after = parseYamlDocument(edited, before.file);
  const isSet = valueAt(after.root, path) === (typeof value === "string" ? value.normalize("NFC") : value);
  const others = (document: YamlDocument) => JSON.stringify(document.root, without(path));
  if (after.isReadable && isSet && others(after) === others(before)) return edited;
  throw new InternalError(`Editing '${path.join(".")}' of ${before.file} gave a text that reads otherwise.`);
}

type Data = Readonly<Record<string, JsonValue>>;

function withValue(data: Data, [name = "", ...rest]: readonly string[], value: JsonValue): Data {
  const inner = data[name];
  const below = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Data) : {};
  return { ...data, [name]: rest.length === 0 ? value : withValue(below, rest, value) };
}

function isSameData(one: JsonValue, other: JsonValue): boolean {
  const sorted = (_: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

/** A replacer that leaves a field's name out, wherever it stands: what remains must be the same before and after. */
function without(path: ValuePath) {
  return (key: string, value: unknown) => (key === path.at(-1) ? undefined : value);
}
