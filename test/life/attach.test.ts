import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withConnection } from "../../src/postgres/index.ts";
import { enterCloud, readCloudContents } from "../support/cloudContents.ts";
import { type Environment, onDatabase, query, secretClient, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";
import { contentsOf } from "../transfer/support.ts";

/** A shop that nobody of ours made: every kind of object that has an owner of its own. */
const SHOP = `CREATE SCHEMA "My shop"; CREATE SCHEMA empty;
CREATE TYPE "My shop".size AS ENUM ('s', 'l'); CREATE DOMAIN "My shop".mail AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE "My shop".pair AS (a int, b int);
CREATE TABLE "My shop"."order ""1""" (id bigint GENERATED ALWAYS AS IDENTITY, s serial, size "My shop".size, twice int GENERATED ALWAYS AS (1 + 1) STORED);
CREATE SEQUENCE "My shop".free START 7; CREATE VIEW "My shop".v AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW "My shop".m AS SELECT 2 AS two;
CREATE FUNCTION "My shop".f(a int, b text DEFAULT 'x,y') RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE PROCEDURE "My shop".p() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE "My shop".agg (int) (SFUNC = int4pl, STYPE = int);
CREATE STATISTICS "My shop".stat ON id, s FROM "My shop"."order ""1""";
CREATE TABLE "My shop".measured (at date) PARTITION BY RANGE (at);
CREATE TABLE "My shop".measured_rest PARTITION OF "My shop".measured DEFAULT;
CREATE TABLE public.plain (word text); GRANT SELECT ON public.plain TO PUBLIC;
INSERT INTO "My shop"."order ""1""" (size) SELECT 's' FROM generate_series(1, 50); INSERT INTO public.plain VALUES ('kept');
SELECT nextval('"My shop".free'), lo_from_bytea(0, 'a large object')`;

describe.sequential("`tenantry attach`", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let adminUrl: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    const globex =
      "displayName: Globex\nadminEmail: admin@globex.example\nenvironments: [local]\nserver: db-01\n";
    workspace.write("tenants/globex.yaml", globex);
    await run(["up", "--platform", "globex"]);
    cloud = await enterCloud(workspace);
    adminUrl =
      (await secretClient(cloud, cloud.platformVault.url).getSecret("server-db-01-admin")).value ?? "";
  });
  afterAll(() => workspace.dispose());

  const run = async (argv: readonly string[], env: Record<string, string> = {}) => {
    const result = await workspace.tenantry(argv, env);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    return result;
  };
  const refused = async (argv: readonly string[], code: number, ...words: string[]) => {
    const result = await workspace.tenantry(argv);
    const text = result.stdout + result.stderr;
    expect({ code: result.code, text }).toEqual({ code, text: expect.stringContaining(words[0] ?? "") });
    for (const word of words) expect(text).toContain(word);
  };
  const asAdmin = (sql: string, database = "postgres") => query(onDatabase(adminUrl, database), sql);
  /** A role and its database with a shop in it, as somebody made them by hand. */
  const makeShop = async (name: string, isGranted = true) => {
    await asAdmin(
      `CREATE ROLE ${name}_app NOLOGIN; GRANT ${name}_app TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`,
    );
    await asAdmin(`CREATE DATABASE ${name} OWNER ${name}_app`);
    await asAdmin(`SET ROLE ${name}_app; ${SHOP}`, name);
    if (!isGranted) await asAdmin(`GRANT ${name}_app TO CURRENT_USER WITH INHERIT FALSE, SET FALSE`);
  };
  const shop = (database: string, role: string) =>
    withConnection(onDatabase(adminUrl, database), { applicationName: "test" }, async (client) => {
      await client.query(`SET ROLE ${role}`);
      const all = await contentsOf(client, role);
      const { rows } = await client.query(
        "SELECT convert_from(lo_get(oid), 'UTF8') AS text FROM pg_largeobject_metadata",
      );
      return {
        ...Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("tenantry."))),
        large: rows,
      };
    });
  const catalog = async (name: string) =>
    asAdmin(
      `SELECT datname, pg_get_userbyid(datdba) AS owner, shobj_description(oid, 'pg_database') AS comment,
              (SELECT bool_or(grantee = 0) FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))) AS is_open
         FROM pg_database WHERE datname = '${name}'`,
    );
  const owners = (database: string) =>
    asAdmin(
      `SELECT relname, relkind, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND relnamespace::regnamespace::text <> 'tenantry' AND relnamespace::regnamespace::text !~ '^pg_' ORDER BY 1, 2`,
      database,
    );
  const WORDS = ["--display-name", "Acme Shop", "--admin-email", "admin@shop.example"];
  const entry = (slug: string) => join(workspace.root, `tenants/${slug}.yaml`);

  test("a database whose owner the admin can't act for is refused, and the refusal says what to grant", async () => {
    await makeShop("legacy_closed", false);
    const before = await catalog("legacy_closed");
    await refused(
      ["attach", "closed", "--database", "legacy_closed", ...WORDS],
      3,
      "E_PARTIAL_STATE: database 'legacy_closed' on 'db-01': it or something in it is owned by 'legacy_closed_app', for whom admin",
      'GRANT "legacy_closed_app" TO "',
    );
    expect(await catalog("legacy_closed")).toEqual(before);
    expect(existsSync(entry("closed"))).toBe(false);
    expect(await query(cloud.master.url, "SELECT slug FROM identity.tenant WHERE slug = 'closed'")).toEqual(
      [],
    );
  });

  test("its data, its sequences and its large objects are as before, everything is the tenant's, and nothing is left to do", async () => {
    await makeShop("legacy_shop");
    const before = await shop("legacy_shop", "legacy_shop_app");
    const cloudBefore = await readCloudContents(cloud);
    await run(["attach", "shop", "--database", "legacy_shop", "--dry-run", ...WORDS]);
    expect(existsSync(entry("shop"))).toBe(false);
    const { stdout } = await run(["attach", "shop", "--database", "legacy_shop", ...WORDS, "--json"]);
    const { details } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(details).toMatchObject({ outcome: "attached", server: "db-01", written: "tenants/shop.yaml" });
    expect(details.missing).toHaveLength(3);
    expect(await shop("legacy_shop", "legacy_shop_owner")).toEqual(before);
    expect(await query(await tenantUrl(cloud, "shop"), "SELECT word FROM public.plain")).toEqual([
      { word: "kept" },
    ]);
    expect((await owners("legacy_shop")).every(({ owner }) => owner === "legacy_shop_owner")).toBe(true);
    expect(await catalog("legacy_shop")).toMatchObject([
      {
        owner: "legacy_shop_owner",
        comment: expect.stringMatching(/^tenantry:local\.shop:shop:/),
        is_open: false,
      },
    ]);
    expect(workspace.read("tenants/shop.yaml")).toContain('server: "db-01"\ndatabase: "legacy_shop"\n');
    expect(workspace.read("tenants/shop.yaml")).toContain('migrations: { target: "0000" }');
    const preview = await workspace.tenantry(["preview", "shop", "--exit-code", "--refresh"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
    const cloudAfter = await readCloudContents(cloud);
    for (const kind of Object.keys(cloudBefore) as (keyof typeof cloudBefore)[])
      expect(cloudAfter[kind]).toEqual(expect.arrayContaining([...cloudBefore[kind]]));
  });

  test("again it is done, with another database it is refused, and its own can't be another slug's", async () => {
    const again = await run(["attach", "shop", "--database", "legacy_shop"]);
    expect(again.stdout).toContain("was attached");
    await refused(["attach", "shop", "--database", "tenant_globex"], 3, "E_ALREADY_PROVISIONED");
    await refused(
      ["attach", "thief", "--database", "legacy_shop", ...WORDS],
      3,
      "E_PARTIAL_STATE: database 'legacy_shop' on 'db-01' bears the marker 'tenantry:local.shop:shop:",
    );
    expect(existsSync(entry("thief"))).toBe(false);
  });

  test("a database that isn't there, and an entry that can't be written, are refused before anything is touched", async () => {
    await refused(
      ["attach", "nowhere", "--database", "legacy_nowhere", ...WORDS],
      3,
      "E_DB_SERVER_NOT_FOUND: database 'legacy_nowhere'",
    );
    await makeShop("legacy_words");
    await refused(
      ["attach", "words", "--database", "legacy_words"],
      2,
      "E_INVALID_ENTRY: tenants/words.yaml",
      "`--display-name`",
    );
    await refused(
      ["attach", "words", "--database", "legacy_words", "--display-name", "W", "--admin-email", "nonsense"],
      2,
      "E_INVALID_ENTRY: tenants/words.yaml",
    );
    expect(existsSync(entry("words"))).toBe(false);
    expect(await catalog("legacy_words")).toMatchObject([{ owner: "legacy_words_app", comment: null }]);
  });

  test("a migration that fails on it is undone: the database is given back as it was", async () => {
    const before = [
      await catalog("legacy_words"),
      await owners("legacy_words"),
      await shop("legacy_words", "legacy_words_app"),
    ];
    await asAdmin("SET ROLE legacy_words_app; CREATE SCHEMA reporting", "legacy_words");
    await refused(
      ["attach", "words", "--database", "legacy_words", "--migrate", ...WORDS],
      1,
      "E_MIGRATIONS_FAILED",
      "0003_reporting.sql",
    );
    // What two migrations had made by then is the owner's of before; nothing is lost.
    const tables = (await owners("legacy_words")).filter(
      ({ relname }) => !/practitioner|patient|visit|observation/.test(String(relname)),
    );
    await asAdmin(
      "SET ROLE legacy_words_app; DROP SCHEMA reporting; DROP SCHEMA app CASCADE",
      "legacy_words",
    );
    expect(tables.every(({ owner }) => owner === "legacy_words_app")).toBe(true);
    expect([
      await catalog("legacy_words"),
      await owners("legacy_words"),
      await shop("legacy_words", "legacy_words_app"),
    ]).toEqual(before);
    expect(
      await asAdmin("SELECT nspname FROM pg_namespace WHERE nspname = 'tenantry'", "legacy_words"),
    ).toEqual([]);
    expect(await asAdmin("SELECT rolname FROM pg_roles WHERE rolname ~ '^legacy_words_owner'")).toEqual([]);
    expect(await query(cloud.master.url, "SELECT status FROM identity.tenant WHERE slug = 'words'")).toEqual([
      { status: "provisioning_failed" },
    ]);
  });

  test("`--migrate` runs what is missing", async () => {
    workspace.remove("tenants/words.yaml");
    await run(["attach", "words", "--database", "legacy_words", "--migrate", ...WORDS]);
    expect(
      await query(
        await tenantUrl(cloud, "words"),
        "SELECT array_agg(version ORDER BY version) AS versions FROM tenantry.migration",
      ),
    ).toEqual([{ versions: ["0001", "0002", "0003"] }]);
    expect(workspace.read("tenants/words.yaml")).not.toContain("target");
  });

  test.each([
    "attach:entry written",
    "attach:reserved",
    "attach:role",
    "attach:adopted",
    "provider:Registration:before register",
  ])("killed at %s it is finished by the same again", async (point) => {
    const name = `legacy_${point
      .replace(/[^a-z]/gi, "")
      .toLowerCase()
      .slice(-12)}`;
    const slug = name.replaceAll("_", "-");
    await makeShop(name);
    const before = await shop(name, `${name}_app`);
    const argv = ["attach", slug, "--database", name, ...WORDS];
    const killed = await workspace.tenantry(argv, {
      TENANTRY_KILL_AT: point,
    });
    expect(killed.signal, killed.stdout).toBe("SIGKILL");
    await run(argv);
    expect(await shop(name, `${name}_owner`)).toEqual(before);
    const preview = await workspace.tenantry(["preview", slug, "--exit-code"]);
    expect(preview, preview.stdout).toMatchObject({ code: 0 });
  });

  test("nothing of another tenant has changed", async () => {
    expect((await workspace.tenantry(["preview", "globex", "--exit-code", "--refresh"])).code).toBe(0);
  });
});
