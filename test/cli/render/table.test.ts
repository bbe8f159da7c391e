import { describe, expect, test } from "vitest";
import { renderTable } from "../../../src/cli/render/table.ts";
import { formatAge, formatBytes } from "../../../src/cli/render/units.ts";
import { fitText, wrapText } from "../../../src/cli/render/wrap.ts";

const HEADER = ["TENANT", "STATUS", "HOST"];
const ROWS = [
  ["acme", "active", "acme.local.tenantry.test"],
  ["brightsmile-dental", "suspended", "-"],
];

describe("a table", () => {
  test("has columns as wide as their widest cell", () => {
    expect(renderTable(HEADER, ROWS, 80)).toBe(
      `TENANT              STATUS     HOST
acme                active     acme.local.tenantry.test
brightsmile-dental  suspended  -
`,
    );
  });

  test("puts the columns that don't fit below their row and loses nothing", () => {
    expect(renderTable(HEADER, ROWS, 40)).toBe(
      `TENANT              STATUS
  HOST
acme                active
  acme.local.tenantry.test
brightsmile-dental  suspended
  -
`,
    );
  });

  test("is never wider than it may be", () => {
    for (let columns = 10; columns < 70; columns += 1) {
      const widths = renderTable(HEADER, ROWS, columns)
        .split("\n")
        .map((line) => line.length);
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
    }
  });

  test("cuts a cell only where it doesn't fit by itself", () => {
    expect(renderTable(["A"], [["abcdefghij"]], 8)).toBe("A\nabcdefg…\n");
  });
});

test("text is broken at spaces; a longer word stays whole", () => {
  expect(wrapText("one two three\nfour", 7)).toEqual(["one two", "three", "four"]);
  expect(wrapText("a https://127.0.0.1:20001/x b", 10)).toEqual(["a", "https://127.0.0.1:20001/x", "b"]);
  expect(wrapText("", 10)).toEqual([""]);
});

test("sizes and ages are said in the unit that fits", () => {
  expect([0, 1023, 1024, 1536, 10 * 1024, 1024 ** 2 * 45.4, 1024 ** 3 * 1.25].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KB",
    "1.5 KB",
    "10 KB",
    "45 MB",
    "1.3 GB",
  ]);
  expect([5, 119, 120, 7199, 7200, 200_000].map((seconds) => formatAge(0, seconds * 1000))).toEqual([
    "5 s",
    "119 s",
    "2 min",
    "120 min",
    "2 h",
    "2 days",
  ]);
});

test("what goes to a terminal is broken at spaces and hangs, what goes to a pipe stays whole", () => {
  const text = "E_STATE: something is wrong with it\n  do this about it\nshort\n";
  expect(fitText(text, { isTerminal: false, columns: 20 })).toBe(text);
  expect(fitText(text, { isTerminal: true, columns: 20 })).toBe(
    `E_STATE: something
  is wrong with it
  do this about it
short
`,
  );
});

test("what is said of a name hangs below its column", () => {
  expect(fitText("  env  variables for a bare one\n", { isTerminal: true, columns: 20 })).toBe(
    "  env  variables for\n       a bare one\n",
  );
});

test("a row without anything below it has no empty line", () => {
  expect(
    renderTable(
      ["NAME", "WHAT"],
      [
        ["a", "x".repeat(20)],
        ["b", ""],
      ],
      22,
    ),
  ).toBe(`NAME\n  WHAT\na\n  ${"x".repeat(20)}\nb\n`);
});
