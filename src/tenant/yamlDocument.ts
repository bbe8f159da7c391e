import { type Document, isMap, LineCounter, parseAllDocuments, type YAMLError } from "yaml";
import type { JsonValue } from "./desired.ts";
import { expectedGot, type Place, type Problem, type ValuePath, visible } from "./problems.ts";
import { FORBIDDEN_CHARACTER, readTree, type Tree } from "./yamlTree.ts";

/** A file of a person's size; bigger is a mistake or an attack. */
export const MAX_FILE_BYTES = 64 * 1024;

/** V8's words; the parser passes them on as a syntax error. */
const STACK_EXHAUSTED = "Maximum call stack size exceeded";

/** What a YAML file says, as plain data, and where it says it. */
export interface YamlDocument {
  /** Path relative to the project's root. */
  readonly file: string;
  /** The top-level mapping; empty when the file has none. */
  readonly root: Readonly<Record<string, JsonValue>>;
  /** What is wrong with it as YAML. */
  readonly problems: readonly Problem[];
  /** False when there is no mapping to look into, so that checking its fields would only add noise. */
  readonly isReadable: boolean;
  /** Where a value is; the nearest thing above it when it isn't there. */
  placeOf(path: ValuePath): Place;
  /** Where a value's key is. */
  keyPlaceOf(path: ValuePath): Place;
  /** A scalar as written (`007`), undefined for mappings, lists and what isn't there. */
  writtenAs(path: ValuePath): string | undefined;
}

/**
 * Reads one YAML 1.2 document (core schema) with a mapping on top. Never throws for what the text says.
 * Refused: duplicate keys, several documents, anchors, aliases, merge keys, tags, directives, `__proto__`, numbers
 * that other readers read differently, yes/no/on/off without quotes, control and bidirectional characters.
 */
export function parseYamlDocument(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const refused = refuseText(text, file);
  if (refused.length > 0) return toDocument(file, refused, undefined, lines);
  const documents = parseDocuments(text, lines);
  if (documents === "tooDeep") {
    return toDocument(file, [problemAt({ file }, "nested too deep.")], undefined, lines);
  }
  const [first, second] = documents;
  const problems = documents
    .flatMap(({ errors }) => worthTelling(errors))
    .map((error) => wordError(error, file, lines));
  if (second !== undefined) {
    const place = placeAt(file, lines, second.range[0]);
    problems.push(problemAt(place, expectedGot("one document", `${documents.length}, split by '---'`)));
  }
  if (problems.length > 0) return toDocument(file, problems, undefined, lines);
  return readDocument(first, file, lines);
}

/** Decodes a file's bytes: UTF-8 with or without a byte order mark. Answers a problem instead of a replaced character. */
export function decodeText(bytes: Uint8Array, file: string, maxBytes: number): string | Problem {
  if (bytes.length > maxBytes) {
    const got = `${Math.ceil(bytes.length / 1024)} KiB`;
    return problemAt({ file }, expectedGot(`at most ${maxBytes / 1024} KiB`, got));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return problemAt({ file }, expectedGot("UTF-8 text", "other bytes"));
  }
}

/** A deeply nested text exhausts the parser's stack; that is an answer, not a crash. */
function parseDocuments(text: string, lines: LineCounter): readonly Document.Parsed[] | "tooDeep" {
  try {
    const parsed = parseAllDocuments(text, {
      version: "1.2",
      schema: "core",
      merge: false,
      stringKeys: true,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: "silent",
    });
    return "empty" in parsed ? [] : parsed;
  } catch (error) {
    if (error instanceof RangeError) return "tooDeep";
    throw error;
  }
}

function readDocument(document: Document.Parsed | undefined, file: string, lines: LineCounter): YamlDocument {
  const contents = document?.contents ?? null;
  if (
    document?.directives.yaml.explicit === true ||
    Object.keys(document?.directives.tags ?? {}).length > 1
  ) {
    const text = expectedGot("no directives", "'%YAML' or '%TAG'");
    return toDocument(file, [problemAt({ file, line: 1, column: 1 }, text)], undefined, lines);
  }
  if (!isMap(contents)) {
    const place = placeAt(file, lines, contents?.range[0] ?? 0);
    const isEmpty = contents === null || ("value" in contents && contents.value === null);
    const got = isEmpty ? "an empty file" : "a list or a single value";
    return toDocument(
      file,
      [problemAt(place, expectedGot("fields, one 'name: value' a line", got))],
      undefined,
      lines,
    );
  }
  const tree = readTree(contents, (offset) => placeAt(file, lines, offset));
  return toDocument(file, tree.problems, tree, lines);
}

function toDocument(
  file: string,
  problems: readonly Problem[],
  tree: Tree | undefined,
  lines: LineCounter,
): YamlDocument {
  const spotOf = (path: ValuePath) => tree?.spots.get(JSON.stringify(path));
  const placeOf = (path: ValuePath): Place => {
    const spot = spotOf(path);
    if (spot !== undefined) return placeAt(file, lines, spot.valueOffset);
    return path.length === 0 ? { file, line: 1, column: 1 } : placeOf(path.slice(0, -1));
  };
  const keyPlaceOf = (path: ValuePath): Place => {
    const offset = spotOf(path)?.keyOffset;
    return offset === undefined ? placeOf(path) : placeAt(file, lines, offset);
  };
  const writtenAs = (path: ValuePath) => spotOf(path)?.written;
  return {
    file,
    root: tree?.root ?? {},
    problems,
    isReadable: tree !== undefined,
    placeOf,
    keyPlaceOf,
    writtenAs,
  };
}

function refuseText(text: string, file: string): Problem[] {
  const match = FORBIDDEN_CHARACTER.exec(text);
  if (match === null) return [];
  const before = text.slice(0, match.index).split("\n");
  const place = { file, line: before.length, column: (before.at(-1) ?? "").length + 1 };
  return [problemAt(place, expectedGot("visible characters", `'${visible(match[0])}'`))];
}

/** Every duplicate key; of the rest the first, for the others mostly follow from it. */
function worthTelling(errors: readonly YAMLError[]): YAMLError[] {
  const other = errors.find(({ code }) => code !== "DUPLICATE_KEY");
  return other === undefined ? [...errors] : [other];
}

function wordError(error: YAMLError, file: string, lines: LineCounter): Problem {
  const place = placeAt(file, lines, error.pos[0]);
  if (error.code === "DUPLICATE_KEY")
    return problemAt(place, "this key stands twice in one mapping; keep one.");
  if (error.message.includes(STACK_EXHAUSTED)) return problemAt(place, "nested too deep.");
  return problemAt(place, `not readable as YAML: ${visible(error.message).replace(/\.$/, "")}.`);
}

function problemAt(place: Place, text: string): Problem {
  return { code: "E_INVALID_ENTRY", place, path: [], text };
}

function placeAt(file: string, lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}
