import { createHash, randomBytes } from "node:crypto";
import { tenantLockKey, withAdvisoryLock } from "../postgres/index.ts";
import { isSameJson } from "../registry/index.ts";
import { type IdentitySeeds, seedSecretNames } from "../tenant/identitySeeds.ts";
import type { Hook } from "./hook.ts";
import { inOwnTables } from "./ownTables.ts";
import { NO_SEEDS, type SeededRows, selectSeeds, suspendKeys, writePairs, writePart } from "./seedRows.ts";
import { SEED_PAIRS, SEED_TABLES } from "./seedTable.ts";
import type { TenantContext } from "./tenantContext.ts";
import { ensureTenantSchema } from "./tenantSchema.ts";

/** Where clear secrets are: the tenants' vault. */
export interface SeedSecrets {
  /** Undefined when there is none. Throws `E_PARTIAL_STATE` for another's. */
  find(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
}

export interface IdentityContext extends TenantContext {
  readonly secrets: SeedSecrets;
}

export interface IdentityInputs {
  readonly seeds: IdentitySeeds;
  /** False while the tenant isn't active: then no API key works. */
  readonly isOpen: boolean;
}

/** What is there; a seed whose secret the vault doesn't have, or has otherwise, names no secret. */
export type ObservedIdentity = Omit<SeededRows, "hashes">;

/** Seeds to write and to take away, as `part.key`, sorted; and what becomes of the API keys. */
export interface IdentityPlan {
  readonly set: readonly string[];
  readonly remove: readonly string[];
  readonly keys: "nothing" | "suspend" | "resume";
}

/**
 * Roles, groups, scopes, providers, applications and API keys. Only rows with a seed key are ours, and of these only what
 * the seeds say: names, and whatever the tenant added, stay. A clear secret is written to the vault first and its hash to
 * the database second, so a killed run is finished with the same secret.
 */
export const identityHook: Hook<
  IdentityContext,
  IdentityInputs,
  ObservedIdentity,
  IdentityPlan,
  IdentityPlan
> = { name: "identity", observe, plan, apply, remove: async () => undefined };

/** Closes a tenant's API keys, its own too, or opens those that were closed so; answers how many it changed. */
export async function setApiKeysSuspended(context: TenantContext, isSuspended: boolean): Promise<number> {
  await ensureTenantSchema(context);
  const { client, role } = context;
  return inOwnTables(context, ["api_key"], "write", () => suspendKeys(client, isSuspended), { role });
}

const TABLES = [
  "admin",
  ...[...SEED_TABLES, ...SEED_PAIRS].map(({ table }) => table),
  "group_member",
] as const;
const SECRET_BYTES = 32;
/** How long another run that seeds the same tenant is waited for: it may wait for the vault. */
const LOCK_WAIT_MS = 120_000;

async function observe(context: IdentityContext): Promise<ObservedIdentity> {
  const rows = await inOwnTables(context, TABLES, "read", () => selectWhereMade(context), {
    isReadOnly: true,
  });
  const names = seedSecretNames(context.slug, rows.seeds);
  const found = await Promise.all(names.map((name) => context.secrets.find(name)));
  const hashes = Object.fromEntries(names.map((name, at) => [name, hashOf(found[at])]));
  return proven(rows, hashes);
}

async function selectWhereMade({ client }: TenantContext): Promise<SeededRows> {
  const { rows } = await client.query(
    "SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = to_regnamespace('tenantry') AND relname = ANY ($1)",
    [TABLES],
  );
  if (rows[0].n === new Set(TABLES).size) return selectSeeds(client);
  return { seeds: NO_SEEDS, hashes: {}, suspendedKeys: 0, openKeys: 0 };
}

/** A row whose hash isn't that of the secret names none: that is a difference to be mended. */
function proven(rows: SeededRows, hashes: Readonly<Record<string, string>>): ObservedIdentity {
  const { seeds, hashes: kept, ...counts } = rows;
  const prove = <Item extends { readonly secretName: string }>(items: Readonly<Record<string, Item>>) =>
    Object.fromEntries(
      Object.entries(items).map(([key, item]) => {
        const isSame = hashes[item.secretName] === kept[item.secretName];
        return [key, isSame ? item : { ...item, secretName: "" }];
      }),
    );
  return {
    ...counts,
    seeds: { ...seeds, applications: prove(seeds.applications), apiKeys: prove(seeds.apiKeys) },
  };
}

function plan({ seeds, isOpen }: IdentityInputs, observed: ObservedIdentity): IdentityPlan {
  const changes = SEED_TABLES.map(({ part }) => ({ part, ...changesOf(seeds[part], observed.seeds[part]) }));
  const named = (kind: "set" | "remove") =>
    changes.flatMap((change) => change[kind].map((key) => `${change.part}.${key}`)).sort();
  const wrongKeys = isOpen ? observed.suspendedKeys : observed.openKeys;
  const keys = wrongKeys === 0 ? "nothing" : isOpen ? "resume" : "suspend";
  return { set: named("set"), remove: named("remove"), keys };
}

function changesOf(
  wanted: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
): { readonly set: readonly string[]; readonly remove: readonly string[] } {
  return {
    set: Object.keys(wanted).filter(
      (key) => !Object.hasOwn(found, key) || !isSameJson(wanted[key], found[key]),
    ),
    remove: Object.keys(found).filter((key) => !Object.hasOwn(wanted, key)),
  };
}

async function apply(context: IdentityContext, inputs: IdentityInputs): Promise<IdentityPlan> {
  const before = plan(inputs, await observe(context));
  if (isNothing(before)) return before;
  await ensureTenantSchema(context);
  const { client, slug, role } = context;
  // Two runs at once would each make a secret, and the vault and the database could end with different ones.
  return withAdvisoryLock(
    client,
    `${tenantLockKey(slug)}:identity`,
    async () => {
      const hashes = await ensureSecrets(context, inputs.seeds);
      return inOwnTables(context, TABLES, "write", () => write(context, inputs, hashes), { role });
    },
    { waitMs: LOCK_WAIT_MS },
  );
}

/** Hash of each secret by its name; makes those that the vault hasn't got. */
async function ensureSecrets(
  { slug, secrets }: IdentityContext,
  seeds: IdentitySeeds,
): Promise<Readonly<Record<string, string>>> {
  const ensured = seedSecretNames(slug, seeds).map(async (name) => {
    const found = await secrets.find(name);
    if (found !== undefined) return [name, hashOf(found)] as const;
    const value = randomBytes(SECRET_BYTES).toString("base64url");
    await secrets.put(name, value);
    return [name, hashOf(value)] as const;
  });
  return Object.fromEntries(await Promise.all(ensured));
}

async function write(
  { client }: IdentityContext,
  inputs: IdentityInputs,
  hashes: Readonly<Record<string, string>>,
): Promise<IdentityPlan> {
  const found = proven(await selectSeeds(client), hashes);
  const todo = plan(inputs, found);
  if (isNothing(todo)) return todo;
  const { seeds, isOpen } = inputs;
  for (const table of SEED_TABLES)
    await writePart(client, table, changesOf(seeds[table.part], found.seeds[table.part]), seeds, hashes);
  await writePairs(client, seeds);
  // Keys that this run made begin as the tenant is.
  await suspendKeys(client, !isOpen);
  return todo;
}

function isNothing({ set, remove, keys }: IdentityPlan): boolean {
  return set.length === 0 && remove.length === 0 && keys === "nothing";
}

/** The secrets are random and long, so that a plain hash is enough. */
function hashOf(secret: string | undefined): string {
  return secret === undefined ? "" : createHash("sha256").update(secret).digest("hex");
}
