import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigFile } from "../../src/engine/configFile.ts";
import { byConfigKey } from "../../src/engine/configOrder.ts";
import {
  coerced,
  parseConfigKey,
  valueAt,
  withoutValueAt,
  withValueAt,
} from "../../src/engine/configPath.ts";

const HEAD = "# kept\nconfig:\n  # about it\n  demo:kept: [1, two] # beside it\n";

/** Texts with everything that YAML has a meaning for. */
const TEXT = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(..."abz019 \n\t:#-'\"{}[],&*!|>%@`?=~_.+<") }),
);
const NAME = fc
  .string({ unit: fc.constantFrom(..."abz.[]\"' 0") })
  .filter((name) => name !== "" && name !== "secure");
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    TEXT,
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(NAME, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

describe("a config file", () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "config-file-"));
    path = join(folder, "env.yaml");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("what was set is what is read, and nothing else is touched", async () => {
    await fc.assert(
      fc.asyncProperty(VALUE, VALUE, async (first, second) => {
        await writeFile(path, HEAD);
        for (const value of [first, second]) {
          const file = await ConfigFile.open(path, "demo");
          file.set("demo:new", value);
          await file.save();
          const read = await ConfigFile.open(path, "demo");
          expect(read.get("demo:new")).toEqual(value);
          expect(await readFile(path, "utf8")).toMatch(
            /^# kept\nconfig:\n {2}# about it\n {2}demo:kept: \[1, two\] # beside it\n/,
          );
        }
        const file = await ConfigFile.open(path, "demo");
        file.set("demo:new", undefined);
        await file.save();
        expect(await readFile(path, "utf8")).toBe(HEAD);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["1_000", '"1_000"'],
    ["2024-01-01", '"2024-01-01"'],
    ["1:30", '"1:30"'],
    ["no", '"no"'],
    ["0x1f", '"0x1f"'],
    ["a: b", "'a: b'"],
    ["plain", "plain"],
    ["one\ntwo", "|-\n    one\n    two"],
  ])("%j is written as every reader takes it for a text: %s", async (text, written) => {
    await writeFile(path, "");
    const file = await ConfigFile.open(path, "demo");
    file.set("demo:a", text);
    await file.save();
    expect(await readFile(path, "utf8")).toBe(`config:\n  demo:a: ${written}\n`);
  });

  test("what isn't a map of values is refused with the file's name", async () => {
    for (const text of ["- a\n", "config: x\n", "a: [\n"]) {
      await writeFile(path, text);
      const open = ConfigFile.open(path, "demo").then((file) => file.get("demo:a"));
      await expect(open).rejects.toThrow(`could not read '${path}'`);
    }
  });
});

describe("paths of config keys", () => {
  test("what is set at a path is there, and gone when it is removed", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(NAME, fc.nat(2)), { minLength: 1, maxLength: 4 }), (path) => {
        const root = withValueAt(undefined, { entry: "demo:a", path }, "x");
        expect(valueAt(root, path)).toBe("x");
        const rest = withoutValueAt(root, path);
        expect(valueAt(rest, path)).not.toBe("x");
      }),
    );
  });

  test.each([
    ["a", false, { entry: "demo:a", path: [] }],
    ["a.b", false, { entry: "demo:a.b", path: [] }],
    ["a.b[0]", true, { entry: "demo:a", path: ["b", 0] }],
    ["ns:a.b", true, { entry: "ns:a", path: ["b"] }],
    ["ns:config:a", false, { entry: "ns:a", path: [] }],
    ['["a.b"]["c.d"]', true, { entry: "demo:a.b", path: ["c.d"] }],
  ])("%s (path: %s)", (text, isPath, key) => {
    expect(parseConfigKey(text, isPath, "demo")).toEqual(key);
  });

  test("texts inside become what they look like, but for leading zeros", () => {
    expect(["true", "7", "-7", "007", "1.5", "9007199254740993", "x"].map(coerced)).toEqual([
      true,
      7,
      -7,
      "007",
      "1.5",
      9007199254740993n,
      "x",
    ]);
  });

  test("keys are sorted by letters, numbers by size", () => {
    expect(["b", "a10", "a2", "a-b", "ab", "a", "B"].sort(byConfigKey)).toEqual([
      "B",
      "a",
      "a-b",
      "a2",
      "a10",
      "ab",
      "b",
    ]);
  });
});
