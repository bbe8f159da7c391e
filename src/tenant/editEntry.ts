import { isMap, isScalar, type Pair, type ParsedNode, parseDocument, type YAMLMap } from "yaml";
import { InternalError, UserError } from "./errors.ts";
import { parseYamlDocument } from "./yamlDocument.ts";

/** A field that verbs set in an entry. */
export type EditedField = "status" | "suspendReason" | "purge";

type TopPair = Pair<ParsedNode, ParsedNode | null>;

/**
 * Sets a top-level text field of an entry's YAML: in place where it stands, else on a line of its own after `after` (default
 * `status`) or at the end. Comments, order, line ends and every other byte stay. Throws `E_INVALID_ENTRY` for a text that isn't
 * a readable entry or that writes its fields as `{ a: b }`.
 */
export function setEntryField(
  text: string,
  file: string,
  field: EditedField,
  value: string,
  after = "status",
): string {
  const pairs = topPairs(text, file);
  const pair = pairs.find((each) => keyOf(each) === field);
  const written = writeScalar(value);
  const edited =
    pair === undefined
      ? insertLine(text, pairs, `${field}: ${written}`, after)
      : replaceValue(text, pair, written);
  return proven(edited, file, field, value);
}

/** Removes a top-level field with its line; a text without it comes back as it was. Throws as `setEntryField`. */
export function removeEntryField(text: string, file: string, field: EditedField): string {
  const pair = topPairs(text, file).find((each) => keyOf(each) === field);
  if (pair === undefined) return text;
  const start = pair.key.range[0];
  const end = lineEnd(text, pair.value?.range[1] ?? pair.key.range[1]);
  return proven(text.slice(0, start) + text.slice(end), file, field, undefined);
}

function topPairs(text: string, file: string): readonly TopPair[] {
  const document = parseYamlDocument(text, file);
  if (!document.isReadable) {
    throw new UserError("E_INVALID_ENTRY", `${file}: expected a readable entry to edit.`, {
      hint: "`tenantry check` names what is wrong with it.",
    });
  }
  const contents = parseDocument(text, { merge: false, stringKeys: true }).contents as YAMLMap.Parsed;
  if (isMap(contents) && contents.flow !== true) return contents.items;
  throw new UserError("E_INVALID_ENTRY", `${file}: expected one field a line; got '{ … }' around them.`, {
    hint: "Only entries written one field a line can be edited.",
  });
}

function keyOf(pair: TopPair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

function replaceValue(text: string, pair: TopPair, written: string): string {
  const range = pair.value?.range;
  const isEmpty = range === undefined || range[0] === range[1];
  if (!isEmpty) {
    const lineBreak = /\r?\n$/.exec(text.slice(range[0], range[1]))?.[0] ?? "";
    return text.slice(0, range[0]) + written + lineBreak + text.slice(range[1]);
  }
  const colon = text.indexOf(":", pair.key.range[1]) + 1;
  return `${text.slice(0, colon)} ${written}${text.slice(colon)}`;
}

/** After the line(s) of `after`; at the end of the last field when there is none. */
function insertLine(text: string, pairs: readonly TopPair[], line: string, after: string): string {
  const pair = pairs.find((each) => keyOf(each) === after) ?? pairs.at(-1);
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  if (pair === undefined) return `${line}${newline}${text}`;
  const end = lineEnd(text, pair.value?.range[1] ?? pair.key.range[1]);
  const before = text.slice(0, end);
  const gap = before.endsWith("\n") ? "" : newline;
  return `${before}${gap}${line}${newline}${text.slice(end)}`;
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
function proven(edited: string, file: string, field: EditedField, value: string | undefined): string {
  const { root, isReadable } = parseYamlDocument(edited, file);
  if (isReadable && root[field] === value?.normalize("NFC")) return edited;
  throw new InternalError(`Editing '${field}' of ${file} gave a text that reads otherwise.`);
}
