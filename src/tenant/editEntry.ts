import { isMap, isScalar, type Pair, type ParsedNode, parseDocument, type YAMLMap } from "yaml";
import type { JsonValue } from "./desired.ts";
import { InternalError, UserError } from "./errors.ts";
import { valueAt } from "./fieldProblems.ts";
import type { ValuePath } from "./problems.ts";
import { parseYamlDocument, type YamlDocument } from "./yamlDocument.ts";

/** A field that verbs set in an entry. They go together: where one is overridden, all are. */
export type EditedField = "status" | "suspendReason" | "purge";

/** A new field stands behind this one. */
const SIBLING: EditedField = "status";

type Fields = YAMLMap.Parsed;
type Field = Pair<ParsedNode, ParsedNode | null>;

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
    found === undefined ? insert(text, fields, `${field}: ${written}`) : replace(text, found, written);
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
  const edited = fields.flow === true ? cutFromFlow(text, fields, found) : cutLines(text, found);
  return proven(edited, document, [...base, field], undefined);
}

/**
 * Gives an environment a `status` of its own, in its override (which comes to be where there is none), so that what is set from
 * then on is set there and other environments keep what they have. Comments and every other byte stay. Throws as `setEntryField`.
 */
export function overrideStatus(text: string, file: string, environment: string, status: string): string {
  const path = ["overrides", environment, SIBLING];
  const document = parseYamlDocument(text, file);
  const isThere = (depth: number) => valueAt(document.root, path.slice(0, depth)) !== undefined;
  const depth = [2, 1, 0].find(isThere) ?? 0;
  const { fields } = openMapping(text, document, path.slice(0, depth));
  const [name = "", ...rest] = path.slice(depth);
  const written = rest.reduceRight((inner, key) => `{ ${key}: ${inner} }`, writeScalar(status));
  const edited = insert(text, fields, `${name}: ${written}`, depth === 0 ? "environments" : SIBLING);
  const after = parseYamlDocument(edited, file);
  if (after.isReadable && isSameData(after.root, withValue(document.root, path, status))) return edited;
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

function fieldOf(fields: Fields, name: string): Field | undefined {
  return fields.items.find(({ key }) => isScalar(key) && key.value === name);
}

function endOf({ key, value }: Field): number {
  return value?.range[1] ?? key.range[1];
}

function replace(text: string, { key, value }: Field, written: string): string {
  const range = value?.range;
  if (range === undefined || range[0] === range[1]) {
    const colon = text.indexOf(":", key.range[1]) + 1;
    return `${text.slice(0, colon)} ${written}${text.slice(colon)}`;
  }
  const lineBreak = /\r?\n$/.exec(text.slice(range[0], range[1]))?.[0] ?? "";
  return text.slice(0, range[0]) + written + lineBreak + text.slice(range[1]);
}

function insert(text: string, fields: Fields, line: string, behind: string = SIBLING): string {
  const sibling = fieldOf(fields, behind) ?? fields.items.at(-1);
  if (fields.flow === true) return insertIntoFlow(text, fields, sibling, line);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  if (sibling === undefined) return `${line}${newline}${text}`;
  const start = sibling.key.range[0];
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const end = lineEnd(text, endOf(sibling));
  const before = text.slice(0, end);
  return `${before}${before.endsWith("\n") ? "" : newline}${indent}${line}${newline}${text.slice(end)}`;
}

function insertIntoFlow(text: string, fields: Fields, sibling: Field | undefined, line: string): string {
  const at = sibling === undefined ? fields.range[0] + 1 : endOf(sibling);
  return `${text.slice(0, at)}${sibling === undefined ? " " : ", "}${line}${text.slice(at)}`;
}

function cutLines(text: string, field: Field): string {
  const start = text.lastIndexOf("\n", field.key.range[0] - 1) + 1;
  return text.slice(0, start) + text.slice(lineEnd(text, endOf(field)));
}

/** With the comma that parts it from its neighbour. */
function cutFromFlow(text: string, { items }: Fields, field: Field): string {
  const index = items.indexOf(field);
  const [before, after] = [items[index - 1], items[index + 1]];
  if (before !== undefined) return text.slice(0, endOf(before)) + text.slice(endOf(field));
  return (
    text.slice(0, field.key.range[0]) + text.slice(after === undefined ? endOf(field) : after.key.range[0])
  );
}

/** Offset behind the line that holds the character before `offset`. */
function lineEnd(text: string, offset: number): number {
  if (text[offset - 1] === "\n") return offset;
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
}

/** Plain where every YAML reader takes it for the same text, else in double quotes, whose escapes are JSON's. */
function writeScalar(value: string): string {
  const isWord = /^[A-Za-z][A-Za-z0-9-]*$/.test(value);
  return isWord && !/^(y|yes|n|no|on|off|true|false|null)$/i.test(value) ? value : JSON.stringify(value);
}

/** An edit that says anything else than asked would be written over a person's file: checked by reading it again. */
function proven(edited: string, before: YamlDocument, path: ValuePath, value: string | undefined): string {
  const after = parseYamlDocument(edited, before.file);
  const isSet = valueAt(after.root, path) === value?.normalize("NFC");
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
