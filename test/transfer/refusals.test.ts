import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  migrate,
  observeDatabase,
  parseMigrationFile,
  type ServerAdmin,
  type TemplateContent,
} from "../../src/postgres/index.ts";
import { writeArchive } from "../../src/transfer/archiveWriter.ts";
import { readFacts } from "../../src/transfer/durableFile.ts";
import { restoreBackup, type TakenBackup, takeBackup, verifyBackup } from "../../src/transfer/index.ts";
import { closeAdmin, makeRole, newTenant, openAdmin, thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { inside, makeTenant, requestFor, tenantContent, workDatabases } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;
let content: TemplateContent;
let root: string;

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  content = await tenantContent();
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tenantry-backup-"));
  return () => rm(root, { recursive: true });
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

const pathOf = (backup: TakenBackup) => fileURLToPath(backup.location);

describe("an archive", () => {
  test.each([
    ["a table", "CREATE TABLE app.by_hand (a int)", "unexplained: column app.by_hand 1 a integer"],
    [
      "a column",
      "ALTER TABLE app.visit ADD COLUMN extra int",
      "unexplained: column app.visit 8 extra integer",
    ],
    [
      "a dropped index",
      "DROP INDEX app.visit_day",
      "missing: index t f f CREATE INDEX visit_day ON app.visit",
    ],
    [
      "a changed function",
      "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
      "unexplained: routine @owner app.touch()",
    ],
    [
      "a disabled trigger",
      "ALTER TABLE app.patient DISABLE TRIGGER patient_touch",
      "unexplained: trigger D CREATE TRIGGER patient_touch",
    ],
    [
      "a partition",
      "CREATE TABLE app.measured_2027 PARTITION OF app.measured FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
      "unexplained: ",
    ],
    ["a large object", "SELECT lo_create(0)", "unexplained: large objects"],
    [
      "default privileges",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
      "unexplained: default privileges @owner app r PUBLIC:SELECT",
    ],
    [
      "an enum value",
      "ALTER TYPE app.visit_status ADD VALUE 'lost'",
      "unexplained: type app.visit_status e @owner",
    ],
    ["a foreign owner", "RESET ROLE; CREATE TABLE public.alien (a int)", "unexplained: "],
  ])("of a schema that the migrations don't explain is refused by name: %s", async (_what, sql, words) => {
    const tenant = await makeTenant(admin, "odd", content);
    await inside(admin, tenant, async (client) => {
      await client.query(`GRANT CREATE ON SCHEMA public TO CURRENT_USER; SET ROLE "${tenant.role}"`);
      await client.query(sql);
    });
    const error = await thrownBy(takeBackup(requestFor(admin, tenant, content, root)));
    expect(error.code).toBe("E_BACKUP_FAILED");
    expect(error.message).toContain(
      "Backup of tenant 'odd': the schema of 'tenant_odd' isn't what its migrations make, so an archive could not restore it: ",
    );
    expect(error.message).toContain(words);
    expect(await readdir(root, { recursive: true })).toEqual(["backups", "backups/odd"]);
    expect(await workDatabases(admin)).toEqual([]);
    await admin.client.query("DROP DATABASE tenant_odd WITH (FORCE)");
    await admin.client.query("DROP ROLE tenant_odd_owner");
  });

  test("of rows that row security would hide from the owner is refused, never incomplete", async () => {
    const forced = {
      ...content,
      files: [
        ...content.files,
        parseMigrationFile("0005_force.sql", "ALTER TABLE app.guarded FORCE ROW LEVEL SECURITY"),
      ],
    };
    const tenant = await makeTenant(admin, "forced", content);
    await inside(admin, tenant, (client) => migrate(client, forced.files, { role: tenant.role }));
    const error = await thrownBy(takeBackup(requestFor(admin, tenant, forced, root)));
    expect([error.code, error.message]).toEqual([
      "E_BACKUP_FAILED",
      "Backup of tenant 'forced': query would be affected by row-level security policy for table \"guarded\".",
    ]);
  });

  test("whose files were changed or lost is refused by name", async () => {
    const tenant = await makeTenant(admin, "lost", content);
    const says = async (files: TemplateContent["files"]) =>
      (await thrownBy(takeBackup(requestFor(admin, tenant, { ...content, files }, root)))).message;
    expect(await says(content.files.slice(1))).toContain(
      "'0001_patients.sql' is applied and its file is gone",
    );
    const edited = content.files.map((file) =>
      file.version === "0002" ? parseMigrationFile(file.fileName, "SELECT 1") : file,
    );
    expect(await says(edited)).toContain("'0002_visits.sql' was changed after it was applied");
  });
});

describe("a damaged archive", () => {
  let backup: TakenBackup;
  let count = 0;

  beforeEach(async () => {
    count += 1;
    const made = await makeTenant(admin, `dmg${count}`, content);
    backup = await takeBackup(requestFor(admin, made, content, root));
  });

  test("is refused by its checksum, and nothing is made of it", async () => {
    const bytes = await readFile(pathOf(backup));
    bytes[bytes.length >> 1]! ^= 0xff;
    await writeFile(pathOf(backup), bytes);
    const tenant = newTenant("never");
    await makeRole(admin.client, tenant);
    const error = await thrownBy(
      restoreBackup("never", backup, {
        admin,
        tenantId: tenant.marker.tenantId,
        database: tenant.database,
        role: tenant.role,
      }),
    );
    expect(error.code).toBe("E_BACKUP_FAILED");
    expect(error.message).toMatch(
      /^Backup of tenant 'never': '.*' has \d+ bytes and sha256 .*; expected \d+ and .*\.$/,
    );
    expect(await observeDatabase(admin.client, tenant.database)).toBeUndefined();
    await admin.client.query("DROP ROLE tenant_never_owner");
  });

  test("is refused at every length it could be cut to, also with a checksum that fits", async () => {
    const size = backup.sizeBytes;
    for (const length of [0, 1, 17, 500, size >> 1, size - 1025, size - 9, size - 1].sort((a, b) => b - a)) {
      await truncate(pathOf(backup), length);
      const facts = await readFacts(pathOf(backup));
      expect((await thrownBy(verifyBackup("cut", { ...backup, ...facts }))).code).toBe("E_BACKUP_FAILED");
    }
  });

  test("that isn't there is told as such", async () => {
    await rm(pathOf(backup));
    expect((await thrownBy(verifyBackup("gone", backup))).message).toMatch(
      /^Backup of tenant 'gone': ENOENT/,
    );
  });
});

describe("a backup that can't be written", () => {
  test("leaves no file, no database and a connection that works", async () => {
    const tenant = await makeTenant(admin, "full", content);
    const error = await thrownBy(
      writeArchive(requestFor(admin, tenant, content, root), "/dev/full", new Date()),
    );
    expect(error.code).toBe("ENOSPC");
    expect(await workDatabases(admin)).toEqual([]);
    await verifyBackup("full", await takeBackup(requestFor(admin, tenant, content, root)));
  });

  test("to another scheme than file: is not supported, by name", async () => {
    const tenant = newTenant("az");
    const request = requestFor(admin, tenant, content, root, { destination: "azblob://container/x" });
    const error = await thrownBy(takeBackup(request));
    expect([error.code, error.message]).toEqual([
      "E_NOT_SUPPORTED",
      "backups.url: expected a 'file:' URL or a path; got the scheme 'azblob'.",
    ]);
  });
});
