import type pg from "pg";
import type { Failure, ResourceType } from "../rpc/plugin.ts";
import type { ValueMap } from "../rpc/values.ts";
import { changePrivileges, inTransaction, type ServerConfig, withClient } from "./connection.ts";
import {
  type GrantTarget,
  grantId,
  grantTarget,
  observePrivileges,
  ownersOf,
  targetSql,
} from "./grantTarget.ts";
import { asMemberOfAll } from "./membership.ts";
import { grantee } from "./names.ts";
import { checkAndDiff, filled, observedInputs, type PostgresInputs } from "./postgresType.ts";

const PRIVILEGES = [
  "CONNECT",
  "CREATE",
  "DELETE",
  "INSERT",
  "MAINTAIN",
  "REFERENCES",
  "SELECT",
  "TEMPORARY",
  "TRIGGER",
  "TRUNCATE",
  "UPDATE",
  "USAGE",
];

const RULES: PostgresInputs = {
  token: "postgresql:index/grant:Grant",
  inputs: {
    database: "string",
    role: "string",
    objectType: { only: ["database", "schema", "table", "sequence"] },
    schema: "string",
    objects: "strings",
    privileges: "strings",
    withGrantOption: { only: [false] },
  },
  required: ["database", "role", "objectType", "privileges"],
  checkDefaults: {},
  meanings: { objects: [], withGrantOption: false },
  computed: ["schema"],
  forceNew: ["database", "role", "objectType", "schema", "objects", "withGrantOption"],
  sets: ["privileges", "objects"],
  isAutoNamed: false,
};

const base = checkAndDiff(RULES);

/** A role's privileges on one kind of object: exactly these, others are taken away. */
export const grant: ResourceType<ServerConfig> = {
  diff: base.diff,
  check: async (config, call) => {
    const checked = await base.check(config, call);
    const strange = Array.isArray(checked.inputs.privileges)
      ? checked.inputs.privileges.filter((each) => typeof each === "string" && !PRIVILEGES.includes(each))
      : [];
    const failures = strange.map((each) => ({
      property: "privileges",
      reason: `'${String(each)}' is not one of ${PRIVILEGES.join(", ")}`,
    }));
    return { ...checked, failures: [...checked.failures, ...failures, ...missingSchema(checked.inputs)] };
  },
  create: async (config, { news, isPreview }) => {
    if (!isPreview) await give(config, news);
    return { id: isPreview ? "" : grantId(grantTarget(news)), outputs: stateOf(news) };
  },
  read: async (config, { id, olds, oldInputs }) => {
    if (oldInputs === undefined)
      throw new Error("postgresql:index/grant:Grant cannot be imported; create it again, it is idempotent");
    const target = grantTarget({ ...oldInputs, ...olds });
    const found = await observe(config, target);
    if (found === undefined) return undefined;
    const outputs = { ...stateOf(olds), privileges: [...found] };
    return {
      id,
      outputs,
      inputs: observedInputs(RULES, oldInputs, { ...oldInputs, privileges: [...found] }),
    };
  },
  update: async (config, { news, isPreview }) => {
    if (!isPreview) await give(config, news);
    return stateOf(news);
  },
  delete: async (config, { olds, oldInputs }) => {
    const target = grantTarget({ ...oldInputs, ...olds });
    if ((await observe(config, target)) === undefined) return;
    await inTransaction(config, (client) => apply(client, target, []), target.database);
  },
};

/** Everything but a database is in a schema. */
function missingSchema({ objectType, schema }: ValueMap): readonly Failure[] {
  if (typeof objectType !== "string" || objectType === "database" || schema !== undefined) return [];
  return [{ property: "schema", reason: `missing required property 'schema' of a grant on a ${objectType}` }];
}

/** What state remembers; without `objects` when none are named, as the official plugin. */
function stateOf(values: ValueMap): ValueMap {
  const { objects, ...others } = filled(RULES, values);
  return Array.isArray(objects) && objects.length === 0 ? others : { ...others, objects: objects ?? [] };
}

async function give(config: ServerConfig, news: ValueMap): Promise<void> {
  const [target, privileges] = [grantTarget(news), filled(RULES, news).privileges as readonly string[]];
  await inTransaction(config, (client) => apply(client, target, privileges), target.database);
}

/** Takes everything away, then gives what is wanted; taking away nothing is no mistake, keeping something is. */
async function apply(client: pg.Client, target: GrantTarget, privileges: readonly string[]): Promise<void> {
  const [to, on] = [grantee(target.role), targetSql(target)];
  await asMemberOfAll(client, await ownersOf(client, target), async () => {
    const before = await observePrivileges(client, target);
    if (before?.length !== 0) await changePrivileges(client, `REVOKE ALL PRIVILEGES ON ${on} FROM ${to}`);
    if (privileges.length > 0)
      await changePrivileges(client, `GRANT ${privileges.join(", ")} ON ${on} TO ${to}`);
  });
}

async function observe(config: ServerConfig, target: GrantTarget): Promise<readonly string[] | undefined> {
  const { rowCount } = await withClient(config, (client) =>
    client.query("SELECT 1 FROM pg_database WHERE datname = $1", [target.database]),
  );
  if (rowCount === 0) return undefined;
  return withClient(config, (client) => observePrivileges(client, target), target.database);
}
