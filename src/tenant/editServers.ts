import { isMap, isSeq, parseDocument } from "yaml";
import type { JsonValue } from "./desired.ts";
import { proven } from "./editEntry.ts";
import { InternalError, UserError } from "./errors.ts";
import { valueAt } from "./fieldProblems.ts";
import { refuseProblems, type ValuePath } from "./problems.ts";
import { parseStackFile } from "./stackFile.ts";
import { parseYamlDocument } from "./yamlDocument.ts";
import { type Fields, fieldOf, insertField, lineEnd, replaceValue, writeScalar } from "./yamlFields.ts";

/** A field of `servers:` that verbs set. */
export type ServerField =
  | "status"
  | "capacityHint"
  | "maxConnections"
  | "tenantConnections"
  | "storageGb"
  | "adminRotation";

/** One more server, as the file says it: what is left out gets its default. */
export interface NewServer {
  readonly name: string;
  readonly region: string;
  readonly capacityHint: number;
  readonly maxConnections: number;
  readonly tenantConnections: number;
  readonly status: "active";
  readonly sku?: { readonly name: string; readonly tier: string };
  readonly storageGb?: number;
  readonly existing?: { readonly host: string; readonly port: number };
}

const SERVERS: ValuePath = ["config", "tenantry:servers"];

/**
 * Sets a field of one server in the text of `stacks/Pulumi.<env>.yaml`; comments, order and every other byte stay. Throws
 * `E_DB_SERVER_NOT_FOUND` for a server that the file doesn't name, and what is wrong with the new text.
 */
export function setServerField(
  text: string,
  file: string,
  server: string,
  field: ServerField,
  value: string | number,
): string {
  const { document, items } = openServers(text, file);
  const index = items.findIndex((item) => String(item.get("name")) === server);
  const fields = items[index];
  if (fields === undefined) throw unknownServer(file, server, items);
  const found = fieldOf(fields, field);
  const written = writeScalar(value);
  const edited =
    found === undefined
      ? insertField(text, fields, `${field}: ${written}`, "status")
      : replaceValue(text, found, written);
  return checked(proven(edited, document, [...SERVERS, index, field], value), file);
}

/** Adds a server behind the last one. The file must not name it yet; throws what is wrong with the new text. */
export function addServer(text: string, file: string, server: NewServer): string {
  const { document, items, isFlow } = openServers(text, file);
  const last = items.at(-1);
  if (last === undefined) throw new InternalError(`${file} names no server`);
  const edited = isFlow ? addToFlow(text, last, server) : addLines(text, last, server);
  const after = valueAt(parseYamlDocument(edited, file).root, SERVERS);
  const expected = [...(valueAt(document.root, SERVERS) as JsonValue[]), server];
  if (JSON.stringify(after) !== JSON.stringify(expected))
    throw new InternalError(`Adding server '${server.name}' to ${file} gave a text that reads otherwise.`);
  return checked(edited, file);
}

/** What the file says of a server; undefined where it doesn't name it. */
export function readServerFields(text: string, file: string, server: string): JsonValue | undefined {
  const servers = valueAt(parseYamlDocument(text, file).root, SERVERS);
  if (!Array.isArray(servers)) return undefined;
  return servers.find((each) => (each as { readonly name?: JsonValue }).name === server);
}

function openServers(text: string, file: string) {
  const document = parseYamlDocument(text, file);
  const sequence = parseDocument(text, { merge: false, stringKeys: true }).getIn(SERVERS, true);
  const items = isSeq(sequence) ? sequence.items.filter((item) => isMap(item)) : [];
  if (document.isReadable && isSeq(sequence) && items.length > 0)
    return { document, items: items as unknown as readonly Fields[], isFlow: sequence.flow === true };
  throw new UserError("E_NO_CONFIG", `${file}: expected a readable list 'servers' to edit.`, {
    hint: "`tenantry check` names what is wrong with it.",
  });
}

function addToFlow(text: string, last: Fields, server: NewServer): string {
  const end = last.range[1];
  return `${text.slice(0, end)}, ${flowOf(server)}${text.slice(end)}`;
}

function addLines(text: string, last: Fields, server: NewServer): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const start = last.range[0];
  const column = start - (text.lastIndexOf("\n", start - 1) + 1);
  const indent = " ".repeat(column);
  const lines = Object.entries(server).map(([name, value]) => `${indent}${name}: ${yamlOf(value)}`);
  const [first = "", ...rest] = lines;
  const item = [`${indent.slice(0, -2)}- ${first.trimStart()}`, ...rest].join(newline);
  const end = lineEnd(text, endOfLast(last));
  const before = text.slice(0, end);
  return `${before}${before.endsWith("\n") ? "" : newline}${item}${newline}${text.slice(end)}`;
}

/** A block map's own range reaches over the comments and blank lines behind it. */
function endOfLast({ items, range }: Fields): number {
  const last = items.at(-1);
  return last?.value?.range[1] ?? last?.key.range[1] ?? range[1];
}

function yamlOf(value: string | number | object): string {
  return typeof value === "object" ? flowOf(value) : writeScalar(value);
}

function flowOf(value: object): string {
  const fields = Object.entries(value).map(([name, each]) => `${name}: ${yamlOf(each)}`);
  return `{ ${fields.join(", ")} }`;
}

/** The text, unless the file would then be refused. */
function checked(text: string, file: string): string {
  const environment = /Pulumi\.(.*)\.yaml$/.exec(file)?.[1] ?? "";
  refuseProblems(parseStackFile(parseYamlDocument(text, file), environment).problems, "Nothing was touched.");
  return text;
}

function unknownServer(file: string, server: string, items: readonly Fields[]): UserError {
  const names = items.map((item) => `'${String(item.get("name"))}'`).join(", ");
  return new UserError("E_DB_SERVER_NOT_FOUND", `${file}: server '${server}': expected one of ${names}.`);
}
