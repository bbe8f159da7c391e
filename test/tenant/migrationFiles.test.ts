import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { UserError } from "../../src/tenant/errors.ts";
import { migrationChecksum, readCommandFiles, readMigrationFiles } from "../../src/tenant/migrationFiles.ts";
import { projectWith } from "./project.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function refusal(files: Readonly<Record<string, string>>, target?: string): string[] {
  try {
    readMigrationFiles(projectWith(files), "migrations/tenant", target);
  } catch (error) {
    const { code, message } = error as UserError;
    return [code, ...message.split("\n")];
  }
  throw new Error("accepted");
}

describe("migrations", () => {
  test("come in the order of their numbers, with checksum and text", () => {
    const root = projectWith({
      "migrations/tenant/0010_visits.sql": "SELECT 10;\n",
      "migrations/tenant/0002_patients.sql": "SELECT 2;\n",
      "migrations/tenant/README.md": "notes",
      "migrations/tenant/.keep": "",
    });
    expect(readMigrationFiles(root, "migrations/tenant/")).toEqual([
      {
        version: "0002",
        name: "patients",
        file: "0002_patients.sql",
        checksum: sha256("SELECT 2;\n"),
        sql: "SELECT 2;\n",
      },
      {
        version: "0010",
        name: "visits",
        file: "0010_visits.sql",
        checksum: sha256("SELECT 10;\n"),
        sql: "SELECT 10;\n",
      },
    ]);
  });

  test("stop at their target", () => {
    const root = projectWith({ "m/0001_a.sql": "1", "m/0002_b.sql": "2", "m/0003_c.sql": "3" });
    expect(readMigrationFiles(root, "m", "0002").map(({ version }) => version)).toEqual(["0001", "0002"]);
  });

  test("F33: CRLF line ends are no edit, anything else is", () => {
    expect(migrationChecksum("a\r\nb\r\n")).toBe(migrationChecksum("a\nb\n"));
    expect(migrationChecksum("a\nb\n")).not.toBe(migrationChecksum("a\nb"));
  });

  test.each(["1_a.sql", "00001_a.sql", "0001-a.sql", "0001_a.SQL", "0001_.sql", "a.sql", "0001_a.sql.bak"])(
    "named %s are refused",
    (name) => {
      expect(refusal({ [`migrations/tenant/${name}`]: "SELECT 1;" })).toEqual([
        "E_INVALID_ENTRY",
        `migrations/tenant/${name}: expected a name such as '0001_patients.sql'; got another.`,
      ]);
    },
  );

  test("with one number twice are refused", () => {
    expect(refusal({ "migrations/tenant/0001_a.sql": "", "migrations/tenant/0001_b.sql": "" })).toEqual([
      "E_INVALID_ENTRY",
      "migrations/tenant/0001_b.sql: expected a number of its own; got '0001' again.",
    ]);
  });

  test("with a target that no file has are refused", () => {
    expect(refusal({ "migrations/tenant/0001_a.sql": "" }, "0009")).toEqual([
      "E_INVALID_ENTRY",
      "migrations/tenant: expected '0001' as target; got '0009'.",
    ]);
  });

  test("without their folder are refused", () => {
    expect(refusal({})).toEqual([
      "E_INVALID_ENTRY",
      "migrations/tenant: expected a folder of migrations; got no such folder.",
    ]);
  });
});

test("a command's files are known by path and checksum, line ends aside", () => {
  const root = mkdtempSync(join(tmpdir(), "tenantry-command-"));
  mkdirSync(join(root, "migrations/lib"), { recursive: true });
  writeFileSync(join(root, "migrations/20240101_first.js"), "exports.up = 1;\r\n");
  writeFileSync(join(root, "migrations/lib/shared.js"), "x\n");
  const before = readCommandFiles(root, "migrations");
  expect(Object.keys(before)).toEqual(["20240101_first.js", "lib/shared.js"]);
  writeFileSync(join(root, "migrations/20240101_first.js"), "exports.up = 1;\n");
  expect(readCommandFiles(root, "migrations")).toEqual(before);
  writeFileSync(join(root, "migrations/lib/shared.js"), "y\n");
  expect(readCommandFiles(root, "migrations")).not.toEqual(before);
  expect(() => readCommandFiles(root, "elsewhere")).toThrow(
    "elsewhere: expected the folder of the command's migrations; got no such folder.",
  );
});
