import { isScalar, type Pair, type ParsedNode, type YAMLMap } from "yaml";

/*
 * Edits of a YAML text that touch one field and no other byte: comments, order and line ends stay. Ranges are those of the parsed
 * text, so a text is parsed again between two edits.
 */

/** A map of the parsed text. */
export type Fields = YAMLMap.Parsed;
export type Field = Pair<ParsedNode, ParsedNode | null>;

/** A map's own field of this name. */
export function fieldOf(fields: Fields, name: string): Field | undefined {
  return fields.items.find(({ key }) => isScalar(key) && key.value === name);
}

function endOf({ key, value }: Field): number {
  return value?.range[1] ?? key.range[1];
}

/** The text with another value, already written as YAML, for a field that is there. */
export function replaceValue(text: string, { key, value }: Field, written: string): string {
  const range = value?.range;
  if (range === undefined || range[0] === range[1]) {
    const colon = text.indexOf(":", key.range[1]) + 1;
    return `${text.slice(0, colon)} ${written}${text.slice(colon)}`;
  }
  const lineBreak = /\r?\n$/.exec(text.slice(range[0], range[1]))?.[0] ?? "";
  return text.slice(0, range[0]) + written + lineBreak + text.slice(range[1]);
}

/** The text with one more field, behind `sibling` where that is there, else last. `line` is `name: value` as YAML. */
export function insertField(text: string, fields: Fields, line: string, siblingName?: string): string {
  const named = siblingName === undefined ? undefined : fieldOf(fields, siblingName);
  const sibling = named ?? fields.items.at(-1);
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

/** The text without a field. */
export function cutField(text: string, fields: Fields, field: Field): string {
  return fields.flow === true ? cutFromFlow(text, fields, field) : cutLines(text, field);
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
export function lineEnd(text: string, offset: number): number {
  if (text[offset - 1] === "\n") return offset;
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
}

/** Plain where every YAML reader takes it for the same text, else in double quotes, whose escapes are JSON's. */
export function writeScalar(value: string | number): string {
  if (typeof value === "number") return String(value);
  const isWord = /^[A-Za-z][A-Za-z0-9-]*$/.test(value);
  return isWord && !/^(y|yes|n|no|on|off|true|false|null)$/i.test(value) ? value : JSON.stringify(value);
}
