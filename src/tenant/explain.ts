import type { DesiredTenant, JsonValue, SettingSource } from "./desired.ts";
import { entryIn, type TenantEntry } from "./entry.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import type { Plan } from "./plan.ts";
import type { Place, ValuePath } from "./problems.ts";
import { decidingPlace } from "./rules.ts";
import type { Source } from "./source.ts";

/** One layer that gives a setting, and where it is written. */
export interface ExplainedLayer {
  readonly source: SettingSource;
  readonly value: JsonValue;
  readonly place: Place;
}

/** One effective setting and its layers, the deciding one last. */
export interface ExplainedSetting {
  readonly key: string;
  readonly value: JsonValue;
  readonly layers: readonly ExplainedLayer[];
}

/** A name, place or number of the tenant, and why it is so: a place in a file, or a rule in words. */
export interface ExplainedFact {
  readonly name: string;
  readonly value: string;
  readonly from: Place | string;
}

/** Where everything that is decided about a tenant comes from. */
export interface Explanation {
  readonly slug: string;
  readonly environment: string;
  readonly facts: readonly ExplainedFact[];
  /** By key, sorted. */
  readonly settings: readonly ExplainedSetting[];
}

/** What an explanation is made from: the layers as checked, and their sources. */
export interface ExplainedFrom {
  readonly tenant: DesiredTenant;
  readonly entry: TenantEntry;
  readonly entrySource: Source;
  readonly plan: Plan;
  readonly planSource: Source;
  readonly config: EnvironmentConfig;
  readonly configSource: Source;
}

/** Explains a tenant of one environment. Pure; connects to nothing. */
export function explainTenant(from: ExplainedFrom): Explanation {
  const { slug, environment, settings } = from.tenant;
  return {
    slug,
    environment,
    facts: factsOf(from),
    settings: Object.keys(settings)
      .sort()
      .map((key) => ({ key, value: settings[key]?.value ?? null, layers: layersOf(key, from) })),
  };
}

function layersOf(
  key: string,
  { entry, entrySource, plan, planSource, config, configSource }: ExplainedFrom,
) {
  const limit = key.startsWith("limits.") ? key.slice("limits.".length) : undefined;
  const own = entryIn(entry, config.environment).settings;
  const layers: ExplainedLayer[] = [];
  const add = (
    source: SettingSource,
    values: Readonly<Record<string, JsonValue>>,
    name: string,
    place: Place,
  ) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) layers.push({ source, value, place });
  };
  add("environment", config.settings, key, configSource.placeOf(["settings", key]));
  if (limit !== undefined) add("plan", plan.limits, limit, planSource.placeOf(["limits", limit]));
  add("plan", plan.settings, key, planSource.placeOf(["settings", key]));
  add("tenant", own, key, settingPlace(key, entry, entrySource, config.environment));
  return layers;
}

/** An override's settings are laid over the entry's own key by key. */
function settingPlace(key: string, entry: TenantEntry, source: Source, environment: string): Place {
  const overridden = entry.overrides[environment]?.settings ?? {};
  return source.placeOf(
    Object.hasOwn(overridden, key) ? ["overrides", environment, "settings", key] : ["settings", key],
  );
}

function factsOf({ tenant, entry, entrySource, plan, planSource, configSource, config }: ExplainedFrom) {
  const { environment } = config;
  const own = entryIn(entry, environment);
  const decided = (field: string, otherwise: string): Place | string => {
    const { place, path } = decidingPlace(entrySource, [field], environment);
    return isWritten(entrySource, path) ? place : otherwise;
  };
  const database = own.database === undefined ? "from the slug" : decided("database", "from the slug");
  const fact = (name: string, value: string, from: Place | string): ExplainedFact => ({ name, value, from });
  return [
    fact("plan", tenant.plan, decided("plan", "the default")),
    fact("status", tenant.status, decided("status", "the default")),
    fact("database", tenant.databaseName, database),
    fact("role", tenant.roleName, "from the database's name"),
    fact("secret", tenant.secretName, "from the slug"),
    ...tenant.hosts.map((host, index) =>
      index === 0
        ? fact("host", host, configSource.placeOf(["zone"]))
        : fact("host", host, decided("domains", "the entry's domains")),
    ),
    fact("server", tenant.server, decided("server", "the default: the emptiest of the region, then kept")),
    fact("region", tenant.region, decided("region", "the default")),
    fact("parent", tenant.parent ?? config.mainTenant.slug, decided("parent", "the main tenant")),
    fact(
      "retention",
      `${tenant.retentionDays} days`,
      plan.retentionDays === undefined
        ? configSource.placeOf(["retentionDays"])
        : planSource.placeOf(["retentionDays"]),
    ),
  ];
}

function isWritten(source: Source, path: ValuePath): boolean {
  return source.writtenAs(path) !== undefined;
}
