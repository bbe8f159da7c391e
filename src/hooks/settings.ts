import type { Client } from "../postgres/index.ts";
import { isSameJson } from "../registry/index.ts";
import type { Setting } from "../tenant/desired.ts";
import type { Hook } from "./hook.ts";
import { inOwnTables } from "./ownTables.ts";
import type { TenantContext } from "./tenantContext.ts";
import { ensureTenantSchema } from "./tenantSchema.ts";

/** Effective settings by key. */
export type SettingMap = Readonly<Record<string, Setting>>;

/** What has to be written, keys sorted. */
export interface SettingsPlan {
  readonly set: readonly string[];
  readonly remove: readonly string[];
}

/** Rows of `tenantry.setting` exactly equal to the effective settings. */
export const settingsHook: Hook<TenantContext, SettingMap, SettingMap, SettingsPlan, SettingsPlan> = {
  name: "settings",
  observe,
  plan,
  apply,
  remove: async () => undefined,
};

const NOTHING: SettingsPlan = { set: [], remove: [] };

async function observe(context: TenantContext): Promise<SettingMap> {
  return inOwnTables(context, ["setting"], "read", () => select(context.client), { isReadOnly: true });
}

async function select(client: Client): Promise<SettingMap> {
  const { rows: found } = await client.query(
    "SELECT to_regclass('tenantry.setting') IS NOT NULL AS is_there",
  );
  if (found[0].is_there !== true) return {};
  const { rows } = await client.query("SELECT key, value, source FROM tenantry.setting ORDER BY key");
  return Object.fromEntries(rows.map((row) => [row.key, { value: row.value, source: row.source }]));
}

function plan(wanted: SettingMap, observed: SettingMap): SettingsPlan {
  return {
    set: Object.keys(wanted)
      .filter((key) => !Object.hasOwn(observed, key) || !isSameJson(wanted[key], observed[key]))
      .sort(),
    remove: Object.keys(observed)
      .filter((key) => !Object.hasOwn(wanted, key))
      .sort(),
  };
}

async function apply(context: TenantContext, wanted: SettingMap): Promise<SettingsPlan> {
  if (isEmpty(plan(wanted, await observe(context)))) return NOTHING;
  await ensureTenantSchema(context);
  const { client, role } = context;
  const body = async () => {
    const todo = plan(wanted, await select(client));
    if (todo.set.length > 0) await write(context, todo.set, wanted);
    if (todo.remove.length > 0)
      await client.query("DELETE FROM tenantry.setting WHERE key = ANY($1)", [todo.remove]);
    return todo;
  };
  // One writer at a time; the application may go on reading.
  return inOwnTables(context, ["setting"], "write", body, { role });
}

async function write(
  { client }: TenantContext,
  keys: readonly string[],
  settings: SettingMap,
): Promise<void> {
  const chosen = keys.map((key) => settings[key] as Setting);
  await client.query(
    `INSERT INTO tenantry.setting (key, value, source)
     SELECT * FROM unnest($1::pg_catalog.text[], $2::pg_catalog.jsonb[], $3::pg_catalog.text[])
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, source = excluded.source`,
    [keys, chosen.map(({ value }) => JSON.stringify(value)), chosen.map(({ source }) => source)],
  );
}

function isEmpty({ set, remove }: SettingsPlan): boolean {
  return set.length === 0 && remove.length === 0;
}
