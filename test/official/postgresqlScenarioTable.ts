import { type Bag, type State, UNKNOWN } from "../localcloud/plugins/pluginClient.ts";
import { DATABASE, GRANT, plain, ROLE, SCHEMA } from "../localcloud/plugins/postgresBench.ts";
import { attempt, make, planned, refusals, type Scenario, type Side, withoutInputs } from "./comparison.ts";

const EVERY_ROLE_OPTION = {
  name: "role_a",
  login: true,
  password: "one",
  inherit: false,
  createDatabase: true,
  createRole: true,
  connectionLimit: 3,
  validUntil: "2040-01-01 00:00:00+00",
  roles: ["role_group"],
  skipDropRole: false,
  skipReassignOwned: true,
};
const ON_DATABASE = { database: "db_a", role: "role_a", objectType: "database" };

/** The official plugin can't delete what is gone, so that a stack whose role was dropped by hand can't be destroyed. */
const DELETED_IS_DONE = { deleted: { ours: "done", official: undefined } };

/** Role, Database, Grant and Schema, call by call, and the catalogs behind them. */
export const POSTGRESQL_SCENARIOS: readonly Scenario[] = [
  {
    title: "a role with defaults",
    run: (side) => life(side, ROLE, { name: "role_a" }, roles),
  },
  {
    title: "a role with every option",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_group" });
      return life(side, ROLE, EVERY_ROLE_OPTION, roles);
    },
  },
  {
    title: "a role's plans",
    run: (side) =>
      planned(
        side,
        ROLE,
        { name: "role_a" },
        {
          nothing: {},
          name: { name: "role_b" },
          login: { login: true },
          password: { password: "one" },
          "password unknown": { password: UNKNOWN },
          inherit: { inherit: false },
          createDatabase: { createDatabase: true },
          createRole: { createRole: true },
          connectionLimit: { connectionLimit: 5 },
          validUntil: { validUntil: "2040-01-01 00:00:00+00" },
          roles: { roles: ["role_group"] },
          skipDropRole: { skipDropRole: true },
          skipReassignOwned: { skipReassignOwned: true },
          "defaults written out": { login: false, inherit: true, connectionLimit: -1, roles: [] },
        },
      ),
  },
  {
    title: "a role's plans when options go",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_group" });
      return planned(side, ROLE, EVERY_ROLE_OPTION, {
        nothing: {},
        password: { password: "two" },
        "password gone": { password: undefined },
        "login gone": { login: undefined },
        "connectionLimit gone": { connectionLimit: undefined },
        "validUntil gone": { validUntil: undefined },
        "roles gone": { roles: undefined },
        "another role": { roles: ["role_group", "role_more"] },
      });
    },
  },
  {
    title: "a role that changes in place",
    run: async (side) => {
      const { client } = side;
      await make(client, ROLE, { name: "role_group" });
      const state = plain(await make(client, ROLE, { name: "role_a", login: true, password: "one" }));
      const news = { ...EVERY_ROLE_OPTION, name: "role_b", password: "two" };
      return { ...(await change(side, ROLE, state, news)), catalog: await roles(side) };
    },
  },
  {
    title: "a role changed by hand",
    run: async (side) => {
      const state = plain(await make(side.client, ROLE, { name: "role_a", login: true, password: "one" }));
      await side.sql(
        "ALTER ROLE role_a NOLOGIN CREATEDB CONNECTION LIMIT 7 VALID UNTIL '2040-01-01 00:00:00+00'",
      );
      return refreshed(side, ROLE, state);
    },
    known: {
      // Both plan it; the official plugin keeps what the program left out in the outputs alone.
      "read.inputs.createDatabase": { ours: true, official: undefined },
    },
  },
  {
    title: "a role dropped by hand",
    run: async (side) => {
      const state = await make(side.client, ROLE, { name: "role_a" });
      await side.sql("DROP ROLE role_a");
      return gone(side, ROLE, state);
    },
    known: DELETED_IS_DONE,
  },
  {
    title: "a role that owns things is deleted",
    run: async (side) => {
      const state = await make(side.client, ROLE, { name: "role_a" });
      await make(side.client, DATABASE, { name: "db_a", owner: "role_a" });
      const answer = await attempt(() => side.client.delete(ROLE, state));
      return { answer: answer ?? "done", catalog: await roles(side), databases: await databases(side) };
    },
  },
  {
    title: "an imported role",
    run: async ({ client, sql }) => {
      await sql("CREATE ROLE role_a LOGIN CREATEDB CONNECTION LIMIT 4");
      const read = await client.read(ROLE, "role_a");
      return { read };
    },
  },
  {
    title: "refused roles",
    run: async (side) => {
      await side.sql("CREATE ROLE role_theirs");
      return refusals(side, ROLE, {
        "one that is there": { name: "role_theirs" },
        superuser: { name: "role_a", superuser: true },
        "a property that is none": { name: "role_a", foo: 1 },
        "login in words": { name: "role_a", login: "maybe" },
        "a name longer than 63 bytes": { name: `role_${"r".repeat(60)}` },
        "a group that is none": { name: "role_a", roles: ["role_none"] },
      });
    },
    known: {
      // PostgreSQL would cut the name (F7); the official plugin lets it.
      "a name longer than 63 bytes.at": { ours: "create", official: "nowhere" },
      "superuser.at": { ours: "check", official: "create" },
    },
  },
  {
    title: "a database with defaults",
    run: (side) => life(side, DATABASE, { name: "db_a" }, databases),
  },
  {
    title: "a database with every option",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_a" });
      const inputs = {
        name: "db_a",
        owner: "role_a",
        template: "template0",
        encoding: "UTF8",
        lcCollate: "C",
        lcCtype: "C",
        connectionLimit: 5,
        allowConnections: true,
        isTemplate: false,
      };
      return life(side, DATABASE, inputs, databases);
    },
  },
  {
    title: "a database's plans",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_a" });
      return planned(
        side,
        DATABASE,
        { name: "db_a", owner: "role_a" },
        {
          nothing: {},
          name: { name: "db_b" },
          owner: { owner: "role_b" },
          "owner gone": { owner: undefined },
          template: { template: "template1" },
          encoding: { encoding: "LATIN1" },
          lcCollate: { lcCollate: "POSIX" },
          lcCtype: { lcCtype: "POSIX" },
          connectionLimit: { connectionLimit: 5 },
          allowConnections: { allowConnections: false },
          isTemplate: { isTemplate: true },
          "defaults written out": { template: "template0", encoding: "UTF8", connectionLimit: -1 },
        },
      );
    },
  },
  {
    title: "a database that changes in place",
    run: async (side) => {
      const state = await make(side.client, DATABASE, { name: "db_a" });
      const news = { name: "db_a", connectionLimit: 5, isTemplate: true, allowConnections: false };
      return { ...(await change(side, DATABASE, state, news)), catalog: await databases(side) };
    },
  },
  {
    title: "a database that is given to a role",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_b" });
      const state = await make(side.client, DATABASE, { name: "db_a" });
      const news = { name: "db_a", owner: "role_b" };
      return { ...(await change(side, DATABASE, state, news)), catalog: await databases(side) };
    },
  },
  {
    title: "a database that goes from one owner to another",
    run: async (side) => {
      for (const name of ["role_a", "role_b"]) await make(side.client, ROLE, { name });
      const state = await make(side.client, DATABASE, { name: "db_a", owner: "role_a" });
      const answer = await attempt(() => change(side, DATABASE, state, { name: "db_a", owner: "role_b" }));
      const { owner } = (await databases(side)).db_a;
      return { answer: "refused" in answer ? answer : "done", owner };
    },
    known: {
      // "must be owner of database": the official plugin acts for the new owner, never for the old one.
      answer: { ours: "done", official: undefined },
      owner: { ours: "role_b", official: "role_a" },
    },
  },
  {
    // The official plugin renames only what belongs to its own login.
    title: "a database that is renamed",
    run: async (side) => {
      const state = await make(side.client, DATABASE, { name: "db_a" });
      const news = { name: "db_b" };
      return { ...(await change(side, DATABASE, state, news)), catalog: await databases(side) };
    },
  },
  {
    title: "a database changed by hand",
    run: async (side) => {
      await make(side.client, ROLE, { name: "role_a" });
      const state = await make(side.client, DATABASE, { name: "db_a", owner: "role_a" });
      await side.sql("CREATE ROLE role_b");
      await side.sql("ALTER DATABASE db_a OWNER TO role_b");
      await side.sql("ALTER DATABASE db_a CONNECTION LIMIT 9 IS_TEMPLATE true");
      const answer = await refreshed(side, DATABASE, state);
      await side.sql("ALTER DATABASE db_a IS_TEMPLATE false");
      return answer;
    },
  },
  {
    title: "a database dropped by hand",
    run: async (side) => {
      const state = await make(side.client, DATABASE, { name: "db_a" });
      await side.sql("DROP DATABASE db_a WITH (FORCE)");
      return gone(side, DATABASE, state);
    },
    known: DELETED_IS_DONE,
  },
  {
    title: "an imported database",
    run: async ({ client, sql }) => {
      await sql("CREATE DATABASE db_a TEMPLATE template0 CONNECTION LIMIT 4");
      return { read: await client.read(DATABASE, "db_a") };
    },
    known: { "read.outputs.alterObjectOwnership": { ours: false, official: undefined } },
  },
  {
    title: "refused databases",
    run: async (side) => {
      await side.sql("CREATE DATABASE db_theirs");
      return refusals(side, DATABASE, {
        "one that is there": { name: "db_theirs" },
        "an owner that is none": { name: "db_a", owner: "role_none" },
        "a template that is none": { name: "db_a", template: "db_none" },
        "an encoding that is none": { name: "db_a", encoding: "klingon" },
        "a property that is none": { name: "db_a", foo: 1 },
      });
    },
  },
  {
    title: "a grant on a database",
    run: async (side) => {
      await roleAndDatabase(side);
      const inputs = { ...ON_DATABASE, privileges: ["TEMPORARY", "CONNECT"] };
      return life(side, GRANT, inputs, privileges);
    },
    known: {
      // A set: the official plugin's refresh sorts it, ours keeps the program's order.
      "read.inputs.privileges.0": { ours: "TEMPORARY", official: "CONNECT" },
      "read.inputs.privileges.1": { ours: "CONNECT", official: "TEMPORARY" },
    },
  },
  {
    title: "a database taken from everyone",
    run: async (side) => {
      await make(side.client, DATABASE, { name: "db_a" });
      const inputs = { database: "db_a", role: "public", objectType: "database", privileges: [] };
      return life(side, GRANT, inputs, privileges);
    },
  },
  {
    title: "a grant's plans",
    run: async (side) => {
      await roleAndDatabase(side);
      return planned(
        side,
        GRANT,
        { ...ON_DATABASE, privileges: ["CONNECT", "CREATE"] },
        {
          nothing: {},
          "another order": { privileges: ["CREATE", "CONNECT"] },
          "one more": { privileges: ["CONNECT", "CREATE", "TEMPORARY"] },
          "one less": { privileges: ["CONNECT"] },
          none: { privileges: [] },
          role: { role: "role_b" },
          database: { database: "db_b" },
          objectType: { objectType: "schema", schema: "public" },
          "schema of a database": { schema: "public" },
          objects: { objects: ["one"] },
          withGrantOption: { withGrantOption: false },
        },
      );
    },
  },
  {
    title: "a grant changed by hand",
    run: async (side) => {
      await roleAndDatabase(side);
      const state = await make(side.client, GRANT, { ...ON_DATABASE, privileges: ["CONNECT", "TEMPORARY"] });
      await side.sql("REVOKE CONNECT ON DATABASE db_a FROM role_a");
      await side.sql("GRANT CREATE ON DATABASE db_a TO role_a");
      return refreshed(side, GRANT, state);
    },
  },
  {
    title: "a grant to everyone given back by hand",
    run: async (side) => {
      await make(side.client, DATABASE, { name: "db_a" });
      const inputs = { database: "db_a", role: "public", objectType: "database", privileges: [] };
      const state = await make(side.client, GRANT, inputs);
      await side.sql("GRANT CONNECT ON DATABASE db_a TO PUBLIC");
      return refreshed(side, GRANT, state);
    },
    known: {
      // Both plan it; the official plugin says it in the outputs alone.
      "read.inputs.privileges.0": { ours: "CONNECT", official: undefined },
    },
  },
  {
    title: "a grant whose role or database was dropped by hand",
    run: async (side) => {
      await roleAndDatabase(side);
      const state = await make(side.client, GRANT, { ...ON_DATABASE, privileges: ["CONNECT"] });
      await side.sql("REVOKE ALL ON DATABASE db_a FROM role_a");
      await side.sql("DROP ROLE role_a");
      const withoutRole = await gone(side, GRANT, state);
      await side.sql("DROP DATABASE db_a WITH (FORCE)");
      return { withoutRole, withoutDatabase: await gone(side, GRANT, state) };
    },
    known: {
      "withoutRole.deleted": { ours: "done", official: undefined },
      "withoutDatabase.deleted": { ours: "done", official: undefined },
    },
  },
  {
    title: "grants on a schema, its tables, one table and its sequences",
    run: async (side) => {
      const { client, sql } = side;
      await roleAndDatabase(side);
      await make(client, SCHEMA, { name: "app", database: "db_a" });
      await sql(
        "SET ROLE tenantry_admin; CREATE TABLE app.one (a serial); CREATE TABLE app.two (a int)",
        "db_a",
      );
      const base = { database: "db_a", role: "role_a", schema: "app" };
      const grants = [
        { ...base, objectType: "schema", privileges: ["USAGE"] },
        { ...base, objectType: "table", objects: ["one"], privileges: ["SELECT"] },
        { ...base, objectType: "table", privileges: ["INSERT", "SELECT"] },
        { ...base, objectType: "sequence", privileges: ["USAGE"] },
      ];
      const made: Bag = {};
      for (const [index, inputs] of grants.entries()) {
        const state = await make(client, GRANT, inputs);
        made[index] = { ...withoutInputs(state), read: await client.read(GRANT, state.id, state) };
        made[index].catalog = await objectPrivileges(side);
        await client.delete(GRANT, state);
      }
      return { ...made, end: await objectPrivileges(side) };
    },
  },
  {
    title: "a grant on tables whose owner is another role than the schema's",
    run: async (side) => {
      const { client, sql } = side;
      await roleAndDatabase(side);
      await make(client, ROLE, { name: "role_b" });
      await make(client, SCHEMA, { name: "app", database: "db_a" });
      await sql("CREATE TABLE app.one (a int)", "db_a");
      await sql("ALTER TABLE app.one OWNER TO role_b", "db_a");
      const inputs = {
        database: "db_a",
        role: "role_a",
        schema: "app",
        objectType: "table",
        privileges: ["SELECT"],
      };
      const state = await make(client, GRANT, inputs);
      const catalog = await objectPrivileges(side);
      await client.delete(GRANT, state);
      return {
        ...withoutInputs(state),
        catalog,
        end: await objectPrivileges(side),
        roles: await roles(side),
      };
    },
  },
  {
    title: "an imported schema, and one whose rules aren't the usual",
    run: async (side) => {
      const { client } = side;
      await roleAndDatabase(side);
      const inputs = { name: "app", database: "db_a", ifNotExists: false, dropCascade: true };
      const state = await make(client, SCHEMA, inputs);
      const imported = await client.read(SCHEMA, state.id);
      return { imported, ...(await refreshed(side, SCHEMA, state)) };
    },
  },
  {
    title: "a role that is kept when it is deleted",
    run: async (side) => {
      const state = plain(await make(side.client, ROLE, { name: "role_a", skipDropRole: true }));
      const answer = await refreshed(side, ROLE, state);
      await side.client.delete(ROLE, state);
      return { ...answer, catalog: await roles(side) };
    },
  },
  {
    title: "refused grants",
    run: async (side) => {
      await roleAndDatabase(side);
      const base = { ...ON_DATABASE, privileges: ["CONNECT"] };
      return refusals(side, GRANT, {
        "no privileges": ON_DATABASE,
        "no role": { ...base, role: undefined },
        "a type that is none": { ...base, objectType: "planet" },
        "a privilege that is none": { ...base, privileges: ["FLY"] },
        "a privilege of another type": { ...base, privileges: ["SELECT"] },
        "a role that is none": { ...base, role: "role_none" },
        "a database that is none": { ...base, database: "db_none" },
        "tables without a schema": { ...base, objectType: "table", privileges: ["SELECT"] },
      });
    },
    known: {
      "a privilege that is none.at": { ours: "check", official: "create" },
      "tables without a schema.at": { ours: "check", official: "create" },
    },
  },
  {
    title: "a schema",
    run: async (side) => {
      await roleAndDatabase(side);
      return life(side, SCHEMA, { name: "app", database: "db_a", owner: "role_a" }, schemas);
    },
  },
  {
    title: "a schema's plans",
    run: async (side) => {
      await roleAndDatabase(side);
      return planned(
        side,
        SCHEMA,
        { name: "app", database: "db_a", owner: "role_a" },
        {
          nothing: {},
          name: { name: "other" },
          database: { database: "db_b" },
          owner: { owner: "role_b" },
          "owner gone": { owner: undefined },
          dropCascade: { dropCascade: true },
          ifNotExists: { ifNotExists: false },
          "defaults written out": { dropCascade: false, ifNotExists: true },
        },
      );
    },
  },
  {
    title: "a schema that is there, and one changed by hand",
    run: async (side) => {
      const { client, sql } = side;
      await roleAndDatabase(side);
      await sql("GRANT CREATE ON DATABASE db_a TO tenantry_admin");
      await sql("CREATE SCHEMA app AUTHORIZATION tenantry_admin", "db_a");
      const state = await make(client, SCHEMA, { name: "app", database: "db_a", owner: "role_a" });
      await sql("ALTER SCHEMA app OWNER TO tenantry_admin", "db_a");
      return { made: withoutInputs(state), ...(await refreshed(side, SCHEMA, state)) };
    },
  },
  {
    title: "a schema that holds something, then one that is gone",
    run: async (side) => {
      const { client, sql } = side;
      await roleAndDatabase(side);
      const state = await make(client, SCHEMA, { name: "app", database: "db_a" });
      await sql("CREATE TABLE app.one (a int)", "db_a");
      const full = await attempt(() => client.delete(SCHEMA, state));
      await sql("DROP SCHEMA app CASCADE", "db_a");
      return { full, ...(await gone(side, SCHEMA, state)) };
    },
  },
];

/** Check, preview, create, a diff against itself, read, what the catalogs say, delete, and what they say then. */
async function life(
  side: Side,
  type: string,
  news: Bag,
  catalog: (side: Side) => Promise<Bag>,
): Promise<Bag> {
  const { client } = side;
  const { inputs, failures } = await client.check(type, news);
  const preview = await client.create(type, inputs, true);
  const made = await client.create(type, inputs);
  const unchanged = await client.plan(type, made, inputs);
  const read = await client.read(type, made.id, made);
  const during = await catalog(side);
  await client.delete(type, made);
  const after = await catalog(side);
  return {
    ...{ failures, inputs, preview: withoutInputs(preview), made: withoutInputs(made) },
    ...{ unchanged, read, during, after },
  };
}

/** A plan, its preview, the update itself, and a read after it. */
async function change({ client }: Side, type: string, state: State, news: Bag): Promise<Bag> {
  const { inputs } = await client.check(type, news, state.inputs);
  const plan = await client.plan(type, state, inputs);
  const preview = await client.update(type, state, inputs, true);
  const updated = await client.update(type, state, inputs);
  const read = await client.read(type, state.id, updated);
  return { plan, preview: preview.outputs, updated: updated.outputs, read };
}

/** What a refresh finds, and the plan of the unchanged program after it. */
async function refreshed({ client }: Side, type: string, state: State): Promise<Bag> {
  const read = await client.read(type, state.id, state);
  if (read === undefined) return { read };
  return { read, plan: await client.plan(type, plain(read), state.inputs) };
}

/** What a refresh and a delete say of something that is no more. */
async function gone({ client }: Side, type: string, state: State): Promise<Bag> {
  const read = await attempt(() => client.read(type, state.id, state));
  const deleted = await attempt(() => client.delete(type, state));
  return { read: read ?? "gone", deleted: deleted ?? "done" };
}

async function roleAndDatabase({ client }: Side): Promise<void> {
  await make(client, ROLE, { name: "role_a" });
  await make(client, DATABASE, { name: "db_a" });
}

async function roles({ sql }: Side): Promise<Bag> {
  const rows = await sql(
    `SELECT rolname, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolsuper, rolreplication, rolbypassrls,
            rolconnlimit, rolvaliduntil::text, split_part(rolpassword, ':', 1) AS verifier,
            ARRAY(SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS groups,
            ARRAY(SELECT pg_get_userbyid(m.member)::text FROM pg_auth_members m WHERE m.roleid = r.oid ORDER BY 1) AS members
       FROM pg_authid r WHERE rolname LIKE 'role\\_%'`,
  );
  return Object.fromEntries(rows.map(({ rolname, ...row }) => [rolname, row]));
}

async function databases({ sql }: Side): Promise<Bag> {
  const rows = await sql(
    `SELECT datname, pg_get_userbyid(datdba)::text AS owner, pg_encoding_to_char(encoding)::text AS encoding, datlocprovider,
            datcollate, datctype, datconnlimit, datallowconn, datistemplate, datacl::text
       FROM pg_database WHERE datname LIKE 'db\\_%'`,
  );
  return Object.fromEntries(rows.map(({ datname, ...row }) => [datname, row]));
}

async function privileges({ sql }: Side): Promise<Bag> {
  const rows = await sql(
    `SELECT datname, ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1) AS acl FROM pg_database WHERE datname LIKE 'db\\_%'`,
  );
  return Object.fromEntries(rows.map(({ datname, acl }) => [datname, acl]));
}

async function objectPrivileges({ sql }: Side): Promise<Bag> {
  const rows = await sql(
    `SELECT relname AS name, ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1) AS acl
       FROM pg_class WHERE relnamespace = 'app'::regnamespace
      UNION ALL SELECT nspname, ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1) FROM pg_namespace WHERE nspname = 'app'`,
    "db_a",
  );
  return Object.fromEntries(rows.map(({ name, acl }) => [name, acl]));
}

async function schemas({ sql }: Side): Promise<Bag> {
  const rows = await sql(
    "SELECT nspname, pg_get_userbyid(nspowner)::text AS owner, nspacl::text FROM pg_namespace WHERE nspname = 'app'",
    "db_a",
  );
  return Object.fromEntries(rows.map(({ nspname, ...row }) => [nspname, row]));
}
