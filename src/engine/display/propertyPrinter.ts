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
const NO_SIGN = "  ";
/** A cut text keeps so many lines, each of so many characters. */
const MOST_LINES = 3;
const MOST_CHARACTERS = 150;

/** The lines of a map's properties, sorted by name; null and internal ones aren't told. `sign` stands before each. */
export function propertyLines(map: PropertyMap, style: ValueStyle, indent: number, sign = NO_SIGN): string[] {
  const keys = Object.keys(map)
    .filter((key) => !key.startsWith("__"))
    .sort();
  const width = widthOf(keys);
  return keys.map((key) => entry(sign, indent, key.padEnd(width), map[key] ?? null, style));
}

function widthOf(keys: readonly (string | number)[]): number {
  return Math.max(0, ...keys.map((key) => String(key).length));
}

/** A value with its sign in the two columns before its name. */
function entry(sign: string, indent: number, title: string, value: PropertyValue, style: ValueStyle): string {
  return `${margin(indent, sign)}${title}: ${valueText(value, style, indent, sign)}\n`;
}

function margin(indent: number, sign: string): string {
  return INDENT.repeat(indent).slice(0, -2) + sign;
}

/**
 * The lines of what differs, sorted by name: `+` added, `-` deleted, `~ old => new`. What is the same has no sign; at the
 * top it is left out unless it is asked for.
 */
export function changeLines(
  changes: Changes,
  style: ValueStyle,
  indent: number,
  showsSames: boolean,
): string[] {
  const { adds, deletes, updates, sames, isList } = changes;
  const keys = [adds, deletes, updates, sames].flatMap((part) => [...part.keys()]);
  keys.sort(isList ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : 1));
  const width = isList ? 0 : widthOf(keys);
  return keys.flatMap((key) => {
    const title = isList ? `[${key}]` : String(key).padEnd(width);
    const update = updates.get(key);
    if (update !== undefined) return updateLines(update, title, style, indent);
    const [sign, part] = adds.has(key) ? ["+ ", adds] : deletes.has(key) ? ["- ", deletes] : [NO_SIGN, sames];
    const value = part.get(key) ?? null;
    const isHidden = part === sames && !(showsSames && (isList || isTold(value)));
    return isHidden ? [] : [entry(sign, indent, title, value, style)];
  });
}

function updateLines(update: ValueDiff, title: string, style: ValueStyle, indent: number): string[] {
  const { inside, old, new: now } = update;
  if (inside !== undefined) {
    const [open, close] = inside.isList ? ["[", "]"] : ["{", "}"];
    const lines = changeLines(inside, style, indent + 1, true);
    return [`${margin(indent, "~ ")}${title}: ${open}\n`, ...lines, `${INDENT.repeat(indent)}${close}\n`];
  }
  if (old !== undefined && now !== undefined && isSimple(old, style) && isSimple(now, style)) {
    const [before, after] = [valueText(old, style, 0), valueText(now, style, 0)];
    return [`${margin(indent, "~ ")}${title}: ${before} => ${after}\n`];
  }
  return [
    ...(old !== undefined && isTold(old) ? [entry("- ", indent, title, old, style)] : []),
    ...(now !== undefined && isTold(now) ? [entry("+ ", indent, title, now, style)] : []),
  ];
}

/** Nothing, an empty text and an empty list or map clutter the output. */
function isTold(value: PropertyValue): boolean {
  if (value === null || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isMap(value) || Object.keys(value).length > 0;
}

function isSimple(value: PropertyValue, style: ValueStyle): boolean {
  if (!isTold(value)) return false;
  if (value instanceof Secret && style.showsSecrets) return isSimple(value.element, style);
  return !Array.isArray(value) && !isMap(value) && !(value instanceof ResourceReference);
}

/** A value as the official CLI words it; its further lines have the sign too. */
function valueText(value: PropertyValue, style: ValueStyle, indent: number, sign = NO_SIGN): string {
  if (value instanceof Secret && !style.showsSecrets) return "[secret]";
  if (value instanceof Secret) return valueText(value.element, style, indent, sign);
  if (value instanceof OutputValue) return outputText(value, style, indent, sign);
  if (value instanceof Computed) return "[unknown]";
  if (value === null) return "<null>";
  if (typeof value === "string") return JSON.stringify(style.isTruncating ? truncated(value) : value);
  if (Array.isArray(value)) return listText(value, style, indent, sign);
  if (value instanceof ResourceReference) return referenceText(value, style, indent, sign);
  return isMap(value) ? mapText(value, style, indent, sign) : String(value);
}

function outputText(output: OutputValue, style: ValueStyle, indent: number, sign: string): string {
  if (output.secret && !style.showsSecrets) return "[secret]";
  return output.value === undefined ? "[unknown]" : valueText(output.value, style, indent, sign);
}

function listText(list: readonly PropertyValue[], style: ValueStyle, indent: number, sign: string): string {
  if (list.length === 0) return "[]";
  const lines = list.map(
    (element, index) =>
      `${margin(indent, sign)}${INDENT}[${index}]: ${valueText(element, style, indent + 1, sign)}\n`,
  );
  return `[\n${lines.join("")}${INDENT.repeat(indent)}]`;
}

function mapText(map: PropertyMap, style: ValueStyle, indent: number, sign: string): string {
  if (Object.keys(map).length === 0) return "{}";
  return `{\n${propertyLines(map, style, indent + 1, sign).join("")}${INDENT.repeat(indent)}}`;
}

function referenceText(
  { urn, id, packageVersion }: ResourceReference,
  style: ValueStyle,
  indent: number,
  sign: string,
): string {
  return mapText({ URN: urn, ID: id ?? null, PackageVersion: packageVersion }, style, indent, sign);
}

function truncated(text: string): string {
  const lines = text.split("\n");
  const kept = lines
    .slice(0, MOST_LINES)
    .map((line) => (line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}...` : line));
  return kept.join("\n") + (lines.length > MOST_LINES ? "\n..." : "");
}
