import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { formatProblem } from "../../src/tenant/problems.ts";
import { decodeText, MAX_FILE_BYTES, parseYamlDocument } from "../../src/tenant/yamlDocument.ts";

function problemsOf(text: string): string[] {
  return parseYamlDocument(text, "f.yaml").problems.map(formatProblem);
}

describe("F44: what YAML readers read differently or dangerously", () => {
  test.each([
    [
      "a: 007",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '007', which readers take for different numbers.",
    ],
    [
      "a: 0o17",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '0o17', which readers take for different numbers.",
    ],
    [
      "a: 0x1f",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '0x1f', which readers take for different numbers.",
    ],
    [
      "a: +5",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '+5', which readers take for different numbers.",
    ],
    [
      "a: .inf",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '.inf', which readers take for different numbers.",
    ],
    [
      "a: .NaN",
      "f.yaml:1:4 'a': expected a decimal number, or text in quotes; got '.NaN', which readers take for different numbers.",
    ],
    [
      "a: 12345678901234567890",
      "f.yaml:1:4 'a': expected a number up to 2^53, or text in quotes; got '12345678901234567890', which loses digits.",
    ],
    [
      "a: 1e400",
      "f.yaml:1:4 'a': expected a number up to 2^53, or text in quotes; got '1e400', which loses digits.",
    ],
    ["a: yes", "f.yaml:1:4 'a': expected true, false or text in quotes; got the bare word 'yes'."],
    ["a: NO", "f.yaml:1:4 'a': expected true, false or text in quotes; got the bare word 'NO'."],
    ["a: !!binary aGk=", "f.yaml:1:13 'a': tags are not allowed; remove 'tag:yaml.org,2002:binary'."],
    ["a: !!str 1", "f.yaml:1:10 'a': tags are not allowed; remove 'tag:yaml.org,2002:str'."],
    ["a: &x 1", "f.yaml:1:7 'a': anchors are not allowed; remove '&x'."],
    ["<<: { a: 1 }", "f.yaml:1:1: the key '<<' is not allowed; write the fields out."],
    ["__proto__: { a: 1 }", "f.yaml:1:1: the key '__proto__' is not allowed; write the fields out."],
    ["a: { __proto__: 1 }", "f.yaml:1:6 'a': the key '__proto__' is not allowed; write the fields out."],
    ["a: 1\nb: 2\na: 3", "f.yaml:3:1: this key stands twice in one mapping; keep one."],
    ["a: 1\n'a': 3", "f.yaml:2:1: this key stands twice in one mapping; keep one."],
    ["a: 1\n---\nb: 1", "f.yaml:2:1: expected one document; got 2, split by '---'."],
    ["%YAML 1.1\n---\na: 1", "f.yaml:1:1: expected no directives; got '%YAML' or '%TAG'."],
    ["", "f.yaml:1:1: expected fields, one 'name: value' a line; got an empty file."],
    ["# only a comment\n", "f.yaml:1:1: expected fields, one 'name: value' a line; got an empty file."],
    ["- a", "f.yaml:1:1: expected fields, one 'name: value' a line; got a list or a single value."],
    ["hello", "f.yaml:1:1: expected fields, one 'name: value' a line; got a list or a single value."],
    ["a: \u0000", "f.yaml:1:4: expected visible characters; got '\\u{0}'."],
    ["a: b\u202ec", "f.yaml:1:5: expected visible characters; got '\\u{202e}'."],
    ["a: 1\n# b\u2066c", "f.yaml:2:4: expected visible characters; got '\\u{2066}'."],
    ['a: "\\u202e"', "f.yaml:1:4 'a': expected visible characters; got '\\u{202e}'."],
    ['a: "\\0"', "f.yaml:1:4 'a': expected visible characters; got '\\u{0}'."],
    ['a: "\\ud800"', "f.yaml:1:4 'a': expected visible characters; got '\\u{d800}'."],
    [
      "a: { e\u0301: 1 }",
      "f.yaml:1:6 'a': expected a key of visible characters in Unicode NFC; got 'e\u0301'.",
    ],
    [
      "a: [",
      "f.yaml:1:5: not readable as YAML: Flow sequence in block collection must be sufficiently indented and end with a ].",
    ],
    ["? { a: 1 }\n: 2", "f.yaml:1:3: not readable as YAML: With stringKeys, all keys must be strings."],
  ])("%j is refused", (text, message) => {
    expect(problemsOf(text)).toEqual([message]);
  });

  test("an alias bomb is refused without being blown up", () => {
    const lines = [
      "a: &a [x, x]",
      ...Array.from({ length: 40 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : "a"}, *a]`),
    ];
    expect(problemsOf(lines.join("\n"))[0]).toBe("f.yaml:1:7 'a': anchors are not allowed; remove '&a'.");
  });

  test("a tower of brackets or list items is refused", () => {
    expect(problemsOf(`a: ${"[".repeat(30_000)}`)).toEqual([expect.stringContaining("nested too deep.")]);
    expect(problemsOf(`a:\n  ${"- ".repeat(20_000)}x`)).toEqual([
      expect.stringContaining("nested too deep."),
    ]);
    const nested = `a: ${"{ b: ".repeat(20)}1${" }".repeat(20)}`;
    expect(problemsOf(nested)).toEqual([expect.stringContaining("expected at most 16 levels; got more.")]);
  });

  test("a date stays text, and null is null", () => {
    const { root } = parseYamlDocument("a: 2024-01-01\nb: ~\nc: 1e3\nd: -0.5\ne: 12:30:45", "f.yaml");
    expect(root).toEqual({ a: "2024-01-01", b: null, c: 1000, d: -0.5, e: "12:30:45" });
  });

  test("text comes out in Unicode NFC, so that twins are one", () => {
    expect(parseYamlDocument("a: Rene\u0301", "f.yaml").root).toEqual({ a: "Ren\u00e9" });
  });

  test("CRLF line ends count as one line", () => {
    expect(problemsOf("a: 1\r\nb: yes\r\n")).toEqual([
      "f.yaml:2:4 'b': expected true, false or text in quotes; got the bare word 'yes'.",
    ]);
  });
});

describe("bytes", () => {
  test("a byte order mark is taken off", () => {
    expect(decodeText(Buffer.from("\ufeffa: 1"), "f.yaml", 99)).toBe("a: 1");
  });

  test("what isn't UTF-8 is refused", () => {
    const utf16 = Buffer.from("\ufeffa: 1", "utf16le");
    expect(decodeText(utf16, "f.yaml", 99)).toMatchObject({ text: "expected UTF-8 text; got other bytes." });
  });

  test("a file over the cap is refused", () => {
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1, "#");
    expect(decodeText(bytes, "f.yaml", MAX_FILE_BYTES)).toMatchObject({
      text: "expected at most 64 KiB; got 65 KiB.",
    });
  });
});

describe("places", () => {
  const document = parseYamlDocument("a: 1\nb:\n  c: [x, y]\n  d: 007\n", "f.yaml");

  test("point at values and keys", () => {
    expect(document.placeOf(["b", "c", 1])).toEqual({ file: "f.yaml", line: 3, column: 10 });
    expect(document.keyPlaceOf(["b", "c"])).toEqual({ file: "f.yaml", line: 3, column: 3 });
  });

  test("of what isn't there are those of what is above it", () => {
    expect(document.placeOf(["b", "z", "y"])).toEqual({ file: "f.yaml", line: 3, column: 3 });
    expect(document.placeOf(["z"])).toEqual({ file: "f.yaml", line: 1, column: 1 });
  });

  test("a scalar is known as written", () => {
    expect(document.writtenAs(["b", "d"])).toBe("007");
    expect(document.writtenAs(["b"])).toBeUndefined();
  });
});

test("any text is answered with data or problems, never with a throw", () => {
  const yamlish = fc.array(
    fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&x",
      "*x",
      "!!",
      "'",
      '"',
      "|",
      ">",
      "#",
      "---\n",
      "? ",
      "\t",
      "%",
      "007",
      "\\u0000",
      "<<",
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        yamlish.map((parts) => parts.join("")),
      ),
      (text) => {
        const document = parseYamlDocument(text, "f.yaml");
        expect(document.isReadable || document.problems.length > 0).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

test("what a YAML writer writes is read back as it was", () => {
  const key = fc
    .stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/)
    .filter((name) => !/^(y|n|yes|no|on|off|null|true|false)$/.test(name));
  const leaf = fc.oneof(fc.boolean(), fc.integer(), fc.stringMatching(/^[ -~]{0,20}$/), fc.constant(null));
  const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(key, leaf, { maxKeys: 3 }));
  fc.assert(
    fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }), (data) => {
      const text = stringify(data, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
      const document = parseYamlDocument(text, "f.yaml");
      expect(document.problems).toEqual([]);
      expect(document.root).toEqual({ ...data });
    }),
  );
});
