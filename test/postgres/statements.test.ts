import fc from "fast-check";
import { expect, test } from "vitest";
import { lineAt, splitStatements } from "../../src/postgres/statements.ts";

test("splits at the semicolons that end statements and at no others", () => {
  const parts = [
    "SELECT ';', E'\\';', 'it''s; fine'",
    '\n-- a comment; with one\nCREATE TABLE "a;b" (c int)',
    " /* outer; /* inner; */ still; */ SELECT 1",
    "\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END; $body$",
    "CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)",
    "SELECT a$b$ FROM t WHERE d = $1",
  ];
  expect(splitStatements(`${parts.join(";")};\n-- the end\n`).map(({ sql }) => sql)).toEqual(parts);
});

test("tells the line of each statement's first word", () => {
  const sql = "-- one\n\nSELECT 1;\nSELECT\n2; /* x\n*/ SELECT 3";
  expect(splitStatements(sql).map(({ line, words }) => [line, words])).toEqual([
    [3, ["SELECT"]],
    [4, ["SELECT"]],
    [6, ["SELECT"]],
  ]);
});

test("an unclosed quote reaches to the end, as PostgreSQL's own error will tell", () => {
  expect(splitStatements("SELECT 'a; SELECT 2").map(({ sql }) => sql)).toEqual(["SELECT 'a; SELECT 2"]);
  expect(splitStatements("SELECT $x$ a; b").map(({ sql }) => sql)).toEqual(["SELECT $x$ a; b"]);
});

const piece = fc.constantFrom(
  "SELECT 1",
  "'a;b'",
  '"q;"',
  "$$;$$",
  "$t$;$$;$t$",
  "-- c;\n",
  "/* ; /* ; */ */",
  "E'\\';'",
  "(1; 2)",
  "\n",
  " x ",
);

test("whatever quoted pieces are joined, n statements come back as n", () => {
  fc.assert(
    fc.property(fc.array(fc.array(piece, { minLength: 1 }), { minLength: 1 }), (statements) => {
      const texts = statements.map((pieces) => ["SELECT ", ...pieces].join(" "));
      expect(splitStatements(texts.join(";")).map(({ sql }) => sql)).toEqual(texts);
    }),
  );
});

test("never throws, ends, and loses no character but semicolons", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ae'\"$;-/*\\\n() B") }), (sql) => {
      const kept = splitStatements(sql)
        .map((statement) => statement.sql)
        .join("");
      expect(sql.length).toBeGreaterThanOrEqual(kept.length);
      expect(lineAt(sql, sql.length)).toBe(sql.split("\n").length);
    }),
  );
});
