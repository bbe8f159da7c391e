import { expect, test } from "vitest";
import type { ContentsManifest } from "../../src/transfer/manifest.ts";
import { contentsDifference } from "../../src/transfer/measure.ts";

const WHOLE: ContentsManifest = {
  tables: [
    { name: "app.patient", columns: ["id"], rows: 2, sha256: "aa" },
    { name: "app.visit", columns: ["id"], rows: 0, sha256: "bb" },
  ],
  sequences: [{ name: "app.counter", lastValue: "7", isCalled: true }],
  grants: [],
};
const [patient, visit] = WHOLE.tables as [ContentsManifest["tables"][0], ContentsManifest["tables"][0]];

test("what was restored the same has no difference", () => {
  expect(contentsDifference(WHOLE, structuredClone(WHOLE))).toBeUndefined();
});

test.each<[string, ContentsManifest, string]>([
  [
    "a lost row",
    { ...WHOLE, tables: [{ ...patient, rows: 1 }, visit] },
    "table app.patient has 1 rows, not 2",
  ],
  [
    "another value",
    { ...WHOLE, tables: [{ ...patient, sha256: "cc" }, visit] },
    "the rows of table app.patient are others",
  ],
  ["a lost table", { ...WHOLE, tables: [patient] }, "table app.visit is missing"],
  [
    "another table",
    { ...WHOLE, tables: [...WHOLE.tables, { ...visit, name: "app.new" }] },
    "table app.new is too much",
  ],
  [
    "a sequence that stands elsewhere",
    { ...WHOLE, sequences: [{ name: "app.counter", lastValue: "6", isCalled: true }] },
    'sequence [["isCalled",true],["lastValue","7"],["name","app.counter"]] is missing; sequence [["isCalled",true],["lastValue","6"],["name","app.counter"]] is too much',
  ],
  [
    "another privilege",
    {
      ...WHOLE,
      grants: [
        {
          ...{ kind: "TABLE", object: "app.patient", column: "", grantee: "PUBLIC", privilege: "SELECT" },
          isGrantable: false,
        },
      ],
    },
    'privilege [["column",""],["grantee","PUBLIC"],["isGrantable",false],["kind","TABLE"],["object","app.patient"],["privilege","SELECT"]] is too much',
  ],
])("%s is named", (_, found, words) => {
  expect(contentsDifference(WHOLE, found)).toBe(words);
});
