import type { ResourceChange } from "../../deploy/index.ts";
import type { Found, Place, TenantFacts } from "./look.ts";

/** One thing that isn't as it should be, and what a repair would do about it. */
export interface Divergence {
  readonly place: Place;
  readonly what: string;
  readonly cure: string;
}

/** How a tenant is mended as a whole. */
export type Cure =
  | "nothing"
  | "apply"
  | "finish undo"
  | "finish purge"
  /** A person has to decide: something is not provably the tenant's own, or its data is gone. */
  | "refused";

/** What is wrong with a tenant. */
export interface Diagnosis {
  readonly cure: Cure;
  readonly divergences: readonly Divergence[];
  /** DNS and CDN have what the state doesn't hold: an engine refuses to make it, so it goes first. */
  readonly shouldClearEdge?: true;
}

/** Whose state it is decides what should be there: a whole tenant, or nothing. Pure. `changes` are a refreshing preview's. */
export function diagnose(facts: TenantFacts, changes: readonly ResourceChange[]): Diagnosis {
  const foreign = facts.things.filter(({ whose }) => whose === "foreign").map(strange);
  const { record } = facts;
  if (record === undefined) return withoutRecord(facts, foreign);
  if (foreign.length > 0) return { cure: "refused", divergences: foreign };
  const leftovers = facts.things.filter(({ whose }) => whose === "ours");
  if (record.status === "purging")
    return { cure: "finish purge", divergences: [unfinished("purge"), ...leftovers.map(removed)] };
  if (record.status === "provisioning_failed") {
    const isClean = leftovers.length === 0 && !facts.hasState;
    return isClean
      ? WELL
      : { cure: "finish undo", divergences: [unfinished("undo"), ...leftovers.map(removed)] };
  }
  return living(facts, changes);
}

const WELL: Diagnosis = { cure: "nothing", divergences: [] };

function living({ things, record }: TenantFacts, changes: readonly ResourceChange[]): Diagnosis {
  const absent = things.filter(({ whose }) => whose === "absent");
  const isDataLost = record?.activeAt !== null && absent.some(({ place }) => place === "database");
  if (isDataLost)
    return {
      cure: "refused",
      divergences: absent.map(({ place, what }) => ({
        place,
        what: `${what} is not there`,
        cure:
          place === "database"
            ? "restore it from a backup: an empty one would pass for its data"
            : "after that: made anew",
      })),
    };
  const missing = absent.map(({ place, what }) => ({
    place,
    what: `${what} is not there`,
    cure: "made anew",
  }));
  const told = new Set(missing.map(({ place }) => place));
  const others = changes.map(ofChange).filter(({ place }) => !told.has(place));
  const divergences = [...missing, ...others];
  if (divergences.length === 0) return WELL;
  const isEdgeThere = things.some(
    ({ place, whose }) => whose === "ours" && (place === "DNS" || place === "CDN"),
  );
  const isEdgeUnknown = isEdgeThere && changes.some(isEdgeCreate);
  return { cure: "apply", divergences, ...(isEdgeUnknown ? { shouldClearEdge: true } : {}) };
}

/** Master knows nothing of the slug: what is there bears somebody's marker, and only a rebuilt master can tell whose. */
function withoutRecord({ things, hasState }: TenantFacts, foreign: readonly Divergence[]): Diagnosis {
  const isNothing = things.every(({ whose }) => whose === "absent") && !hasState;
  if (isNothing) return WELL;
  const record = {
    place: "master" as const,
    what: "master has no record of it",
    cure: "`tenantry repair --rebuild-master` writes what markers prove",
  };
  return { cure: "refused", divergences: [record, ...foreign] };
}

function strange({ place, what }: Found): Divergence {
  return {
    place,
    what: `${what} is there without the marker of this tenant's record`,
    cure: "left alone: find out whose it is, and rename or remove it",
  };
}

function removed({ place, what }: Found): Divergence {
  return { place, what: `${what} is left`, cure: "removed" };
}

function unfinished(what: "purge" | "undo"): Divergence {
  return { place: "master", what: `its ${what} was cut off`, cure: "finished" };
}

const PLACE_OF: Readonly<Record<string, Place>> = {
  "tenantry:index:TenantRecord": "master",
  "tenantry:index:Placement": "master",
  "tenantry:index:Registration": "master",
  "tenantry:index:Database": "database",
  "tenantry:index:Migrations": "database",
  "tenantry:index:Settings": "database",
  "tenantry:index:Admin": "database",
  "tenantry:index:VaultSecret": "secret",
  "azure-native:dns:RecordSet": "DNS",
  "azure-native:cdn:AFDCustomDomain": "CDN",
  "azure-native:cdn:Route": "CDN",
};

function isEdgeCreate({ type, operation }: ResourceChange): boolean {
  return operation === "create" && type.startsWith("azure-native:");
}

function ofChange({ type, name, operation, differences }: ResourceChange): Divergence {
  if (operation === "create" && type.startsWith("azure-native:"))
    return {
      place: "state",
      what: `it doesn't hold '${name}'`,
      cure: "removed where it bears the marker, and made anew",
    };
  if (operation === "create")
    return {
      place: "state",
      what: `it doesn't hold '${name}'`,
      cure: "taken over where it bears the marker, else made",
    };
  const paths = [...new Set(differences.map(({ path }) => path))].join(", ");
  const place = PLACE_OF[type] ?? "state";
  return {
    place,
    what: `'${name}' differs${paths === "" ? "" : ` in ${paths}`}`,
    cure: "set as the entry says",
  };
}
