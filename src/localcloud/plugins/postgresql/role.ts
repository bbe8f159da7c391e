import type pg from "pg";
import { isVerifierOf, scramVerifier } from "../../arm/scramVerifier.ts";
import type { ResourceType } from "../rpc/plugin.ts";
import { hasUnknown, Secret, type Value, type ValueMap } from "../rpc/values.ts";
import { inTransaction, type ServerConfig, withClient } from "./connection.ts";
import { asMemberOf } from "./membership.ts";
import { ident, literal } from "./names.ts";
import { checkAndDiff, filled, importedInputs, observedInputs, type PostgresInputs } from "./postgresType.ts";

const FALSE_ONLY = { only: [false] };

const NEVER_GIVEN = {
  superuser: "SUPERUSER",
  replication: "REPLICATION",
  bypassRowLevelSecurity: "BYPASSRLS",
} as const;

const RULES: PostgresInputs = {
  token: "postgresql:index/role:Role",
  inputs: {
    name: "string",
    password: "string",
    login: "boolean",
    inherit: "boolean",
    createDatabase: "boolean",
    createRole: "boolean",
    connectionLimit: "number",
    validUntil: "string",
    roles: "strings",
    skipDropRole: "boolean",
    skipReassignOwned: "boolean",
    encryptedPassword: { only: [true] },
    superuser: FALSE_ONLY,
    replication: FALSE_ONLY,
    bypassRowLevelSecurity: FALSE_ONLY,
  },
  required: ["name"],
  checkDefaults: { connectionLimit: -1, encryptedPassword: true, inherit: true, validUntil: "infinity" },
  meanings: {
    login: false,
    createDatabase: false,
    createRole: false,
    superuser: false,
    replication: false,
    bypassRowLevelSecurity: false,
    skipDropRole: false,
    skipReassignOwned: false,
    roles: [],
  },
  computed: [],
  forceNew: [],
  sets: ["roles"],
  isAutoNamed: true,
};

const base = checkAndDiff(RULES);

/** A role. Its password reaches the server only as a SCRAM verifier, and state as a secret, also from a program that doesn't say so. */
export const role: ResourceType<ServerConfig> = {
  diff: base.diff,
  check: async (config, call) => {
    const checked = await base.check(config, call);
    return { ...checked, inputs: conceal(checked.inputs) };
  },
  create: async (config, { news, isPreview }) => {
    if (isPreview) return { id: "", outputs: stateOf(news) };
    const name = String(news.name);
    await inTransaction(config, async (client) => {
      await client.query(`CREATE ROLE ${ident(name)} WITH ${await attributes(news)}`);
      await changeMemberships(client, name, [], rolesOf(news));
    });
    return { id: name, outputs: stateOf(news) };
  },
  read: (config, { id, olds, oldInputs }) =>
    withClient(config, async (client) => {
      const found = await observe(client, nameOf(id, olds), olds.password);
      if (found === undefined) return undefined;
      const inputs =
        oldInputs === undefined
          ? importedInputs(RULES, found)
          : withoutStalePassword(observedInputs(RULES, oldInputs, found), found);
      const kept = {
        skipDropRole: olds.skipDropRole ?? false,
        skipReassignOwned: olds.skipReassignOwned ?? false,
      };
      return { id: String(found.name), inputs: conceal(inputs), outputs: { ...conceal(found), ...kept } };
    }),
  update: async (config, { id, news, olds, oldInputs, isPreview }) => {
    if (isPreview) return stateOf(news);
    await inTransaction(config, async (client) => {
      const isSamePassword =
        news.password !== undefined && news.password === (oldInputs.password ?? olds.password);
      const name = String(news.name);
      const oldName = nameOf(id, olds);
      if (name !== oldName) await client.query(`ALTER ROLE ${ident(oldName)} RENAME TO ${ident(name)}`);
      const words = [await attributes(news, isSamePassword), ...takenAway(olds)].join(" ");
      await client.query(`ALTER ROLE ${ident(name)} WITH ${words}`);
      await changeMemberships(client, name, rolesOf(olds), rolesOf(news));
    });
    return { ...stateOf(news), id: String(news.name) };
  },
  delete: (config, { id, olds }) => dropRole(config, nameOf(id, olds), olds),
};

async function dropRole(config: ServerConfig, name: string, olds: ValueMap): Promise<void> {
  if (olds.skipDropRole === true) return;
  await inTransaction(config, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [name]);
    if (rowCount === 0) return;
    if (olds.skipReassignOwned !== true) {
      await asMemberOf(client, name, async () => {
        await client.query(`REASSIGN OWNED BY ${ident(name)} TO CURRENT_USER`);
        await client.query(`DROP OWNED BY ${ident(name)}`);
      });
    }
    await client.query(`DROP ROLE ${ident(name)}`);
  });
}

async function attributes(news: ValueMap, isSamePassword = false): Promise<string> {
  const all = filled(RULES, news);
  const flag = (name: string, word: string) => `${all[name] === true ? "" : "NO"}${word}`;
  const words = [
    flag("login", "LOGIN"),
    flag("inherit", "INHERIT"),
    flag("createDatabase", "CREATEDB"),
    flag("createRole", "CREATEROLE"),
    `CONNECTION LIMIT ${Number(all.connectionLimit)}`,
    `VALID UNTIL ${literal(String(all.validUntil))}`,
  ];
  if (typeof all.password === "string" && !isSamePassword)
    words.push(`PASSWORD ${literal(await scramVerifier(all.password))}`);
  if (all.password === undefined) words.push("PASSWORD NULL");
  return words.join(" ");
}

/** Rights that no program can give here, and that somebody gave by hand; PostgreSQL says whether we may take them. */
function takenAway(olds: ValueMap): readonly string[] {
  return Object.entries(NEVER_GIVEN).flatMap(([name, word]) => (olds[name] === true ? [`NO${word}`] : []));
}

async function changeMemberships(
  client: pg.Client,
  name: string,
  before: readonly string[],
  now: readonly string[],
): Promise<void> {
  for (const group of before.filter((each) => !now.includes(each)))
    await client.query(`REVOKE ${ident(group)} FROM ${ident(name)}`);
  for (const group of now.filter((each) => !before.includes(each)))
    await client.query(`GRANT ${ident(group)} TO ${ident(name)}`);
}

function rolesOf(values: ValueMap): readonly string[] {
  return Array.isArray(values.roles) ? (values.roles as readonly string[]) : [];
}

interface RoleRow {
  readonly rolcanlogin: boolean;
  readonly rolinherit: boolean;
  readonly rolcreatedb: boolean;
  readonly rolcreaterole: boolean;
  readonly rolsuper: boolean;
  readonly rolreplication: boolean;
  readonly rolbypassrls: boolean;
  readonly rolconnlimit: number;
  readonly valid_until: string;
  readonly roles: readonly string[];
}

/** A renamed role keeps its Pulumi id until the next refresh; its name is in the outputs. */
function nameOf(id: string, olds: ValueMap): string {
  return typeof olds.name === "string" ? olds.name : id;
}

/** The role as it is; `password` is the state's, unless the server may be asked and says it is another. */
async function observe(
  client: pg.Client,
  name: string,
  password: Value | undefined,
): Promise<ValueMap | undefined> {
  const { rows } = await client.query<RoleRow>(
    `SELECT r.*, coalesce(r.rolvaliduntil::text, 'infinity') AS valid_until,
            ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                   WHERE m.member = r.oid ORDER BY 1) AS roles
       FROM pg_roles r WHERE r.rolname = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const isKept = typeof password === "string" && (await isPassword(client, name, password));
  return {
    name,
    login: row.rolcanlogin,
    inherit: row.rolinherit,
    createDatabase: row.rolcreatedb,
    createRole: row.rolcreaterole,
    superuser: row.rolsuper,
    replication: row.rolreplication,
    bypassRowLevelSecurity: row.rolbypassrls,
    connectionLimit: row.rolconnlimit,
    validUntil: row.valid_until,
    roles: [...row.roles],
    encryptedPassword: true,
    ...(isKept ? { password } : {}),
  };
}

/** Only a superuser may look; for anyone else the state is believed, as the official plugin does. */
async function isPassword(client: pg.Client, name: string, password: string): Promise<boolean> {
  const allowed = await client.query<{ may: boolean }>(
    "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS may",
  );
  if (allowed.rows[0]?.may !== true) return true;
  const { rows } = await client.query<{ rolpassword: string | null }>(
    "SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1",
    [name],
  );
  return isVerifierOf(rows[0]?.rolpassword ?? "", password);
}

function withoutStalePassword(inputs: ValueMap, found: ValueMap): ValueMap {
  if (found.password !== undefined) return inputs;
  const { password: _stale, ...others } = inputs;
  return others;
}

function stateOf(news: ValueMap): ValueMap {
  return conceal(filled(RULES, news));
}

function conceal(values: ValueMap): ValueMap {
  const { password } = values;
  return password === undefined || hasUnknown(password)
    ? values
    : { ...values, password: new Secret(password) };
}
