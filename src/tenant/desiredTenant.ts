import type { DesiredTenant, JsonValue, MigrationPlan, Setting, SettingSource } from "./desired.ts";
import { type IdentityWish, toIdentitySeeds } from "./desiredIdentity.ts";
import { entryIn, type TenantEntry } from "./entry.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { databaseNameOf, hostOf, roleNameOf, secretNameOf, stackOf } from "./names.ts";
import type { Plan } from "./plan.ts";

/**
 * Decides every name, size and setting of one tenant in one environment. Settings are laid key by key, environment < plan <
 * tenant; a plan's limits are settings `limits.<name>`. The plan must be the one the entry names in this environment.
 */
export function toDesiredTenant(entry: TenantEntry, plan: Plan, config: EnvironmentConfig): DesiredTenant {
  const own = entryIn(entry, config.environment);
  const { slug } = entry;
  const { database = databaseNameOf(slug), purge, migrationTarget, domains, identity, ...decided } = own;
  const hosts = [hostOf(slug, config.zone), ...domains];
  return {
    ...decided,
    environment: config.environment,
    stack: stackOf(config.environment, slug),
    isPurgeConfirmed: own.status === "deleted" && purge === slug,
    plan: plan.name,
    isolation: entry.isolation,
    databaseName: database,
    roleName: roleNameOf(database),
    secretName: secretNameOf(slug),
    hosts,
    settings: {
      ...layer(config.settings, "environment"),
      ...layer(limitsOf(plan), "plan"),
      ...layer(plan.settings, "plan"),
      ...layer(own.settings, "tenant"),
    },
    retentionDays: plan.retentionDays ?? config.retentionDays,
    migrations: withTarget(config.migrations, migrationTarget ?? plan.migrations?.target),
    identity: toIdentitySeeds({
      slug,
      product: config.product,
      hosts,
      parent: parentOf(own.parent, config),
      ...(identity === undefined ? {} : { identity }),
      ...(plan.seeds === undefined ? {} : { seeds: plan.seeds }),
    }),
  };
}

/** A tenant's people sign in on its own host; the main tenant has none. */
function parentOf(
  parent: string | undefined,
  { mainTenant, zone }: EnvironmentConfig,
): IdentityWish["parent"] {
  return parent === undefined ? { slug: mainTenant.slug } : { slug: parent, host: hostOf(parent, zone) };
}

function layer(values: Readonly<Record<string, JsonValue>>, source: SettingSource): Record<string, Setting> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, source }]));
}

function limitsOf(plan: Plan): Record<string, number> {
  return Object.fromEntries(Object.entries(plan.limits).map(([name, limit]) => [`limits.${name}`, limit]));
}

function withTarget(migrations: MigrationPlan, target: string | undefined): MigrationPlan {
  return target === undefined ? migrations : { ...migrations, target };
}
