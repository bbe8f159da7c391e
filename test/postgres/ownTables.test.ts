import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { settingsHook, TENANT_SCHEMA_SQL } from "../../src/hooks/index.ts";
import {
  type Client,
  close,
  connect,
  ident,
  migrate,
  parseMigrationFile,
  readLedger,
  type ServerAdmin,
  withDatabase,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { closeAdmin, makeRole, newTenant, openAdmin, query, tenantUrl, thrownBy } from "./support.ts";

let server: TestPostgres;
let admin: ServerAdmin;
let url: string;
let client: Client;
let count = 0;
const tenant = newTenant("evil");

beforeAll(async () => {
  server = await startTestPostgres();
  admin = await openAdmin(server.adminUrl);
  await makeRole(admin.client, tenant);
});

beforeEach(async () => {
  count += 1;
  const name = `evil${count}`;
  await admin.client.query(`CREATE DATABASE ${ident(name)} OWNER ${ident(tenant.role)}`);
  url = tenantUrl(server.adminUrl, tenant, name);
  await query(url, TENANT_SCHEMA_SQL);
  // Whoever runs this as the admin has told the tenant's password to the tenant.
  await query(
    url,
    `CREATE FUNCTION public.evil() RETURNS text LANGUAGE plpgsql AS
       $$ BEGIN RESET ROLE; CREATE TABLE public.proof AS SELECT current_user; RETURN 'x'; END $$;
     CREATE FUNCTION public.evil_trigger() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM public.evil(); RETURN NEW; END $$;
     CREATE FUNCTION public.evil_check(text) RETURNS boolean LANGUAGE plpgsql AS
       $$ BEGIN PERFORM public.evil(); RETURN true; END $$`,
  );
  client = await connect(withDatabase(server.adminUrl, name), { applicationName: "test", retryBudgetMs: 0 });
  return () => close(client);
});

afterAll(async () => {
  await closeAdmin(admin);
  await server.stop();
});

const context = () => ({ slug: "evil", client, role: tenant.role });
const noProof = async () =>
  expect(await query(url, "SELECT to_regclass('public.proof') AS proof")).toEqual([{ proof: null }]);
const SETTINGS = { a: { value: 1, source: "plan" as const } };

describe("a tenant's code in schema tenantry never runs in the admin's session", () => {
  test.each([
    [
      "a view in the place of a table",
      "DROP TABLE tenantry.setting; CREATE VIEW tenantry.setting AS SELECT public.evil() AS key, '1'::jsonb AS value, 'plan' AS source",
      "is no plain table",
    ],
    [
      "a trigger",
      "CREATE TRIGGER t BEFORE INSERT ON tenantry.setting FOR EACH ROW EXECUTE FUNCTION public.evil_trigger()",
      "has a trigger",
    ],
    ["a rule", "CREATE RULE r AS ON INSERT TO tenantry.setting DO ALSO SELECT public.evil()", "has a rule"],
    [
      "a default",
      "ALTER TABLE tenantry.setting ADD COLUMN x text DEFAULT public.evil()",
      "has an expression that calls a function of its own",
    ],
    [
      "a check",
      "ALTER TABLE tenantry.setting ADD CHECK (public.evil_check(key))",
      "has an expression that calls a function of its own",
    ],
    [
      "an index",
      "CREATE FUNCTION public.i(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.evil()'; CREATE INDEX ON tenantry.setting (public.i(key))",
      "has an expression that calls a function of its own",
    ],
    [
      "a policy",
      "ALTER TABLE tenantry.setting ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON tenantry.setting USING (public.evil_check(key))",
      "has row security",
    ],
    ["a child table", "CREATE TABLE tenantry.child () INHERITS (tenantry.setting)", "has child tables"],
    [
      "a type of its own",
      "CREATE DOMAIN public.d AS text CHECK (public.evil_check(VALUE)); ALTER TABLE tenantry.setting ALTER COLUMN key TYPE public.d",
      "has a column of a type that is not built in",
    ],
  ])("%s is refused by name", async (_what, sql, problem) => {
    await query(url, `${sql}; DROP TABLE IF EXISTS public.proof`);
    const message = `Tenant 'evil': table 'tenantry.setting' ${problem}; expected it as tenantry made it.`;
    expect((await thrownBy(settingsHook.apply(context(), SETTINGS))).message).toBe(message);
    expect((await thrownBy(settingsHook.observe(context()))).message).toBe(message);
    await noProof();
  });

  test("nor a function that looks like PostgreSQL's own", async () => {
    await query(
      url,
      `CREATE FUNCTION public.to_regclass(unknown_text varchar) RETURNS regclass LANGUAGE plpgsql AS
         $$ BEGIN PERFORM public.evil(); RETURN NULL; END $$;
       CREATE FUNCTION public.make_interval(days int) RETURNS interval LANGUAGE plpgsql AS
         $$ BEGIN PERFORM public.evil(); RETURN '1 day'; END $$;
       ALTER DATABASE evil${count} SET search_path = public, pg_catalog`,
    );
    const again = await connect(withDatabase(server.adminUrl, `evil${count}`), { applicationName: "test" });
    await settingsHook.apply({ ...context(), client: again }, SETTINGS);
    await readLedger(again);
    await close(again);
    await noProof();
  });

  test("the ledger is looked at too", async () => {
    await query(
      url,
      "CREATE TRIGGER t AFTER INSERT ON tenantry.migration FOR EACH ROW EXECUTE FUNCTION public.evil_trigger()",
    );
    const file = parseMigrationFile("0001_a.sql", "CREATE TABLE public.made ()");
    expect((await thrownBy(migrate(client, [file], { role: tenant.role }))).message).toBe(
      "table 'tenantry.migration' has a trigger; expected it as tenantry made it",
    );
    expect((await thrownBy(readLedger(client))).name).toBe("TamperedSchemaError");
    await noProof();
  });

  test("a clean one is written and read as ever", async () => {
    await settingsHook.apply(context(), SETTINGS);
    expect(await settingsHook.observe(context())).toEqual(SETTINGS);
  });
});
