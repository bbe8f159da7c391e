import fc from "fast-check";
import { expect, test } from "vitest";
import {
  describeUrl,
  formatPostgresUrl,
  ident,
  literal,
  parsePostgresUrl,
  redact,
  withDatabase,
} from "../../src/postgres/index.ts";

const text = fc.string({ unit: "binary", minLength: 1 }).filter((part) => !part.includes("\0"));

test("a URL round-trips whatever user, password and database hold", () => {
  fc.assert(
    fc.property(text, text, text, fc.integer({ min: 1, max: 65_535 }), (user, password, database, port) => {
      const url = { user, password, host: "db.example", port, database, parameters: { sslmode: "require" } };
      expect(parsePostgresUrl(formatPostgresUrl(url))).toEqual(url);
    }),
  );
});

test("a URL that isn't one is refused without being repeated", () => {
  for (const wrong of ["canary-secret", "mysql://u:canary-secret@h/d", "postgres://h/d?p=canary-secret"]) {
    expect(() => parsePostgresUrl(wrong)).toThrow(/^PostgreSQL URL \(not shown\): expected/);
    expect(() => parsePostgresUrl(wrong)).not.toThrow(/canary/);
  }
});

test("another database of the same login keeps everything else", () => {
  expect(withDatabase("postgres://u:p%40@h:1/a?sslmode=require", "b c")).toBe(
    "postgres://u:p%40@h:1/b%20c?sslmode=require",
  );
});

test("a description holds no password", () => {
  expect(describeUrl("postgres://u:canary@h/d")).toBe("h:5432/d as u");
});

test("an IPv6 host round-trips", () => {
  const url = parsePostgresUrl("postgres://u:p@[::1]:5433/d");
  expect(url.host).toBe("::1");
  expect(formatPostgresUrl(url)).toBe("postgres://u:p@[::1]:5433/d");
});

test("redaction takes out URLs, verifiers, passwords in SQL and the given secrets in every encoding", () => {
  const secret = "ca n@ry'";
  const dirty = [
    `plain ${secret}`,
    `encoded ${encodeURIComponent(secret)}`,
    `base64 ${Buffer.from(secret).toString("base64")}`,
    "url postgresql://u:other-canary@h/d rest",
    "sql ALTER ROLE x PASSWORD 'it''s-canary' rest",
    "SCRAM-SHA-256$4096:canary$canary:canary rest",
  ].join("\n");
  expect(redact(dirty, [secret])).toBe(
    [
      "plain ***",
      "encoded ***",
      "base64 ***",
      "url postgresql://*** rest",
      "sql ALTER ROLE x PASSWORD '***' rest",
      "SCRAM-SHA-256$*** rest",
    ].join("\n"),
  );
});

test("identifiers that PostgreSQL would cut, and so could name another tenant's database, are refused (F44)", () => {
  expect(ident('a"; DROP DATABASE b; --')).toBe('"a""; DROP DATABASE b; --"');
  expect(() => ident("")).toThrow(RangeError);
  expect(() => ident("a\0b")).toThrow(RangeError);
  expect(ident("ä".repeat(31))).toHaveLength(33);
  expect(() => ident("ä".repeat(32))).toThrow("identifier of 64 bytes; expected 1 to 63 without NUL");
  expect(literal("it's \\ fine")).toBe(" E'it''s \\\\ fine'");
});
