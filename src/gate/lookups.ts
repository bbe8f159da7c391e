import { MasterAwayError, type MasterLink } from "./masterLink.ts";
import type { TenantCache } from "./tenantCache.ts";
import type { GateTenant } from "./tenantFound.ts";

/** Most names that wait for master at once; more requests are answered 503. */
const MAX_WAITING = 1_000;

const COLUMNS = 't.id, t.slug, t.status, t.cache_epoch::int AS "cacheEpoch"';
const FIND = `
  SELECT 'host' AS kind, h.host AS name, ${COLUMNS}
    FROM identity.tenant_host h JOIN identity.tenant t ON t.id = h.tenant_id WHERE h.host = ANY($1)
  UNION ALL
  SELECT 'prefix', t.path_prefix, ${COLUMNS}
    FROM identity.tenant t WHERE t.path_prefix = ANY($2) AND t.status <> 'purged'`;

/** What names a tenant. */
export interface TenantName {
  readonly kind: "host" | "prefix";
  readonly name: string;
}

type FoundRow = GateTenant & TenantName;
type Found = Promise<GateTenant | undefined>;

/** Names that master is asked about together, and their answers. */
interface Question {
  readonly names: Map<string, TenantName>;
  readonly rows: Promise<ReadonlyMap<string, GateTenant>>;
}

/**
 * Finds tenants by name: what is kept, or what master says. One question is under way at a time; the names that come
 * meanwhile are the next one, so that many requests cost few.
 */
export class Lookups {
  readonly #cache: TenantCache;
  readonly #master: MasterLink;
  /** Gathers names until the one under way is answered. */
  #next: Question | undefined;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(cache: TenantCache, master: MasterLink) {
    this.#cache = cache;
    this.#master = master;
  }

  /** The tenant of a name, or undefined. Throws MasterAwayError. */
  async find(name: TenantName): Found {
    const key = keyOf(name);
    const kept = this.#cache.get(key);
    if (kept !== undefined) {
      this.#master.wake();
      return kept.tenant;
    }
    this.#next ??= this.#begin();
    const { names, rows } = this.#next;
    if (names.size >= MAX_WAITING && !names.has(key)) throw new MasterAwayError("too many names wait for it");
    names.set(key, name);
    return (await rows).get(key);
  }

  #begin(): Question {
    const names = new Map<string, TenantName>();
    const rows = this.#underWay.then(() => {
      this.#next = undefined;
      return this.#ask(names);
    });
    this.#underWay = rows.catch(() => undefined);
    return { names, rows };
  }

  async #ask(names: ReadonlyMap<string, TenantName>): Promise<ReadonlyMap<string, GateTenant>> {
    // Of before the question: an answer that a change overtook isn't kept. A new connection counts as a change.
    const { generation } = this.#cache;
    const namesOf = (kind: TenantName["kind"]) =>
      [...names.values()].filter((each) => each.kind === kind).map(({ name }) => name);
    const rows = await this.#master.query<FoundRow>(FIND, [namesOf("host"), namesOf("prefix")]);
    const found = new Map(rows.map(({ kind, name, ...tenant }) => [keyOf({ kind, name }), tenant]));
    for (const key of names.keys()) this.#cache.set(key, found.get(key), generation);
    return found;
  }
}

function keyOf({ kind, name }: TenantName): string {
  return `${kind} ${name}`;
}
