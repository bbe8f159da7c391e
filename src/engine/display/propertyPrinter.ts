import {
  Computed,
  isMap,
  OutputValue,
  type PropertyMap,
  type PropertyValue,
  ResourceReference,
  Secret,
} from "../value.ts";
import type { Changes, ValueDiff } from "./objectDiff.ts";

/** What decides how values are printed. */
export interface ValueStyle {
  readonly showsSecrets: boolean;
  readonly isTruncating: boolean;
}

const INDENT = "    ";
/** A cut text keeps so many lines, each of so many characters. */
const MOST_LINES = 3;
const MOST_CHARACTERS = 150;

/** The lines of a map's properties, sorted by name; null and internal ones aren't told. `sign` stands before each. */
export function propertyLines(map: PropertyMap, style: ValueStyle, indent: number, sign = "  "): string[] {
  const keys = Object.keys(map)
    .filter((key) => !key.startsWith("__"))
    .sort();
  const width = widthOf(keys);
  return keys.map((key) =>
    entry(sign, indent, key.padEnd(width), valueText(map[key] ?? null, style, indent)),
  );
}

function widthOf(keys: readonly (string | number)[]): number {
  return Math.max(0, ...keys.map((key) => String(key).length));
}

/** A line with its sign in the two columns before it. */
function entry(sign: string, indent: number, title: string, text: string): string {
  return `${INDENT.repeat(indent).slice(0, -2)}${sign}${title}: ${text}\n`;
}

/** The lines of what differs, sorted by name: `+` added, `-` deleted, `~ old => new`; what is the same has no sign. */
export function changeLines(changes: Changes, style: ValueStyle, indent: number): string[] {
  const { adds, deletes, updates, sames, isList } = changes;
  const keys = [adds, deletes, updates, sames].flatMap((part) => [...part.keys()]);
  keys.sort(isList ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : 1));
  const width = isList ? 0 : widthOf(keys);
  return keys.flatMap((key) => {
    const title = isList ? `[${key}]` : String(key).padEnd(width);
    const update = updates.get(key);
    if (update !== undefined) return updateLines(update, title, style, indent);
    const [sign, part] = adds.has(key) ? ["+ ", adds] : deletes.has(key) ? ["- ", deletes] : ["  ", sames];
    return [entry(sign, indent, title, valueText(part.get(key) ?? null, style, indent))];
  });
}

function updateLines(update: ValueDiff, title: string, style: ValueStyle, indent: number): string[] {
  const { inside, old, new: now } = update;
  if (inside !== undefined) {
    const [open, close] = inside.isList ? ["[", "]"] : ["{", "}"];
    const lines = changeLines(inside, style, indent + 1);
    return [entry("~ ", indent, title, open), ...lines, `${INDENT.repeat(indent)}${close}\n`];
  }
  if (isSimple(old, style) && isSimple(now, style))
    return [
      entry(
        "~ ",
        indent,
        title,
        `${valueText(old ?? null, style, 0)} => ${valueText(now ?? null, style, 0)}`,
      ),
    ];
  return [
    ...(isTold(old) ? [entry("- ", indent, title, valueText(old ?? null, style, indent))] : []),
    ...(isTold(now) ? [entry("+ ", indent, title, valueText(now ?? null, style, indent))] : []),
  ];
}

/** Nothing, an empty text and an empty list or map clutter the output. */
function isTold(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isMap(value) || Object.keys(value).length > 0;
}

function isSimple(value: PropertyValue | undefined, style: ValueStyle): boolean {
  if (!isTold(value) || value === undefined) return false;
  if (value instanceof Secret && style.showsSecrets) return isSimple(value.element, style);
  return !Array.isArray(value) && !isMap(value) && !(value instanceof ResourceReference);
}

/** A value as the official CLI words it, further lines indented below the first. */
export function valueText(value: PropertyValue, style: ValueStyle, indent: number): string {
  if (value instanceof Secret)
    return style.showsSecrets ? valueText(value.element, style, indent) : "[secret]";
  if (value instanceof OutputValue) return outputText(value, style, indent);
  if (value instanceof Computed) return "[unknown]";
  if (value === null) return "<null>";
  if (typeof value === "string") return JSON.stringify(style.isTruncating ? truncated(value) : value);
  if (Array.isArray(value)) return listText(value, style, indent);
  if (value instanceof ResourceReference) return referenceText(value, style, indent);
  return isMap(value) ? mapText(value, style, indent) : String(value);
}

function outputText({ value, secret }: OutputValue, style: ValueStyle, indent: number): string {
  if (secret && !style.showsSecrets) return "[secret]";
  return value === undefined ? "[unknown]" : valueText(value, style, indent);
}

function listText(list: readonly PropertyValue[], style: ValueStyle, indent: number): string {
  if (list.length === 0) return "[]";
  const pad = INDENT.repeat(indent + 1);
  const lines = list.map((element, index) => `${pad}[${index}]: ${valueText(element, style, indent + 1)}\n`);
  return `[\n${lines.join("")}${INDENT.repeat(indent)}]`;
}

function mapText(map: PropertyMap, style: ValueStyle, indent: number): string {
  if (Object.keys(map).length === 0) return "{}";
  return `{\n${propertyLines(map, style, indent + 1).join("")}${INDENT.repeat(indent)}}`;
}

function referenceText(reference: ResourceReference, style: ValueStyle, indent: number): string {
  const { urn, id, packageVersion } = reference;
  return mapText({ URN: urn, ID: id ?? null, PackageVersion: packageVersion }, style, indent);
}

function truncated(text: string): string {
  const lines = text.split("\n");
  const kept = lines
    .slice(0, MOST_LINES)
    .map((line) => (line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}...` : line));
  return kept.join("\n") + (lines.length > MOST_LINES ? "\n..." : "");
}
