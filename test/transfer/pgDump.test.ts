import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  dropTenantDatabase,
  parsePostgresUrl,
  type ServerAdmin,
  type TemplateContent,
  type TenantDatabase,
} from "../../src/postgres/index.ts";
import { restoreBackup, takeBackup, verifyBackup } from "../../src/transfer/index.ts";
import { hasFittingTools } from "../../src/transfer/pgDump.ts";
import { closeAdmin, openAdmin, thrownBy } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { contentsOf, inside, makeTenant, requestFor, tenantContent } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;
let content: TemplateContent;
let tenant: TenantDatabase;
let root: string;

/** PostgreSQL's major version in test/support/postgres.ts. */
const SERVER_VERSION = 180_000;
const hasRealTools = await hasFittingTools(SERVER_VERSION, process.env);

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  content = await tenantContent();
  tenant = await makeTenant(admin, "dumped", content);
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tenantry-dump-"));
  return () => rm(root, { recursive: true });
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

/** Puts shell scripts in the place of PostgreSQL's tools: what they are given is what is looked at. */
async function pathWith(major: number, body: string): Promise<NodeJS.ProcessEnv> {
  const folder = join(root, "bin");
  await mkdir(folder);
  for (const tool of ["pg_dump", "pg_restore"]) {
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo "${tool} (PostgreSQL) ${major}.1"; exit; fi\n${body}\n`;
    await writeFile(join(folder, tool), script);
    await chmod(join(folder, tool), 0o755);
  }
  return { PATH: `${folder}:/usr/bin:/bin`, OUT: root };
}

const request = (environment: NodeJS.ProcessEnv) => {
  const { format: _chosen, ...rest } = requestFor(admin, tenant, content, root);
  return { ...rest, environment };
};

describe("the tool", () => {
  test("is left alone when it is older than the server: then an archive is written", async () => {
    const backup = await takeBackup(request(await pathWith(17, "exit 9")));
    expect(backup.format).toBe("archive");
  });

  test("is left alone when there is none", async () => {
    expect((await takeBackup(request({ PATH: root }))).format).toBe("archive");
  });

  test("gets the password by environment and never as an argument (F44)", async () => {
    const script = 'echo "$@" > "$OUT/arguments"; env > "$OUT/environment"; exit 0';
    const backup = await takeBackup(request(await pathWith(18, script)));
    expect(backup.format).toBe("pg_dump");
    const { password } = parsePostgresUrl(server.adminUrl);
    const args = await readFile(join(root, "arguments"), "utf8");
    expect(args.trim()).toMatch(
      /^--no-password --format=custom --role=tenant_dumped_owner --snapshot=[0-9A-F-]+ --file=.*\/dumped\/20261121T120000Z-final\.dump\.part$/,
    );
    expect(args).not.toContain(password);
    const environment = await readFile(join(root, "environment"), "utf8");
    expect(environment).toContain(`PGPASSWORD=${password}\n`);
    expect(environment).toContain("PGDATABASE=tenant_dumped\n");
  });

  test("that fails is E_BACKUP_FAILED with its words, without a secret, and leaves no file", async () => {
    const script = 'echo "pg_dump: error: no, $PGPASSWORD at postgres://u:p@h/d" >&2; exit 1';
    const error = await thrownBy(takeBackup(request(await pathWith(18, script))));
    expect([error.code, error.message]).toEqual([
      "E_BACKUP_FAILED",
      "Backup of tenant 'dumped': pg_dump: pg_dump: error: no, *** at postgres://***.",
    ]);
    expect(await readdir(join(root, "backups/dumped"))).toEqual([]);
  });

  test("that was killed leaves a part that the next backup clears away", async () => {
    await mkdir(join(root, "backups/dumped"), { recursive: true });
    await writeFile(join(root, "backups/dumped/20200101T000000Z-final.dump.part"), "half");
    await takeBackup(request({ PATH: root }));
    expect(await readdir(join(root, "backups/dumped"))).toEqual(["20261121T120000Z-final.tar.gz"]);
  });
});

// Needs pg_dump and pg_restore of PostgreSQL 18 or newer on PATH.
test.skipIf(!hasRealTools)("a real dump is verified and restored the same", async () => {
  const backup = await takeBackup(request(process.env));
  expect(backup.format).toBe("pg_dump");
  await verifyBackup("dumped", backup);
  const restored = { ...tenant, database: "restored" };
  await restoreBackup("dumped", backup, {
    admin,
    tenantId: tenant.marker.tenantId,
    database: restored.database,
    role: tenant.role,
  });
  const [before, after] = await Promise.all(
    [tenant, restored].map((one) => inside(admin, one, (client) => contentsOf(client, one.role))),
  );
  expect(after).toEqual(before);
  await dropTenantDatabase(admin.client, tenant);
});
