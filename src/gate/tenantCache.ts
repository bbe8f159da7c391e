import type { GateTenant } from "./tenantFound.ts";

/** Bounds of what a gate keeps. */
export interface GateLimits {
  /** How old a kept fact may be, in ms; also how long a suspended tenant may still be served once master is away. */
  readonly maxAgeMs: number;
  /** Most keys (hosts and prefixes) with a tenant; the least recently used goes first. */
  readonly maxKnown: number;
  /** Most keys without one, apart from the others: a scan of made-up hosts drives no tenant out. */
  readonly maxUnknown: number;
}

export const DEFAULT_LIMITS: GateLimits = { maxAgeMs: 30_000, maxKnown: 10_000, maxUnknown: 2_000 };

interface Kept {
  readonly tenant: GateTenant | undefined;
  readonly untilMs: number;
}

/** Facts by key, bounded in number and age. */
export class TenantCache {
  readonly #limits: GateLimits;
  readonly #nowMs: () => number;
  /** Both least recently used first. */
  readonly #known = new Map<string, Kept>();
  readonly #unknown = new Map<string, Kept>();
  readonly #keysOf = new Map<string, Set<string>>();
  #generation = 0;

  /** `nowMs`: any clock that never goes back. */
  constructor(limits: GateLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Grows with every drop: what was asked for before one must not be kept after it. */
  get generation(): number {
    return this.#generation;
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#known.size + this.#unknown.size;
  }

  /** What is kept under a key and young enough. */
  get(key: string): { readonly tenant: GateTenant | undefined } | undefined {
    const place = this.#known.has(key) ? this.#known : this.#unknown;
    const kept = place.get(key);
    if (kept === undefined) return undefined;
    if (this.#nowMs() >= kept.untilMs) {
      this.#forget(key);
      return undefined;
    }
    place.delete(key);
    place.set(key, kept);
    return kept;
  }

  /** Keeps a fact; does nothing when something was dropped since `generation`. */
  set(key: string, tenant: GateTenant | undefined, generation: number): void {
    if (generation !== this.#generation) return;
    this.#forget(key);
    const kept = { tenant, untilMs: this.#nowMs() + this.#limits.maxAgeMs };
    if (tenant === undefined) {
      this.#unknown.set(key, kept);
      this.#trim(this.#unknown, this.#limits.maxUnknown);
      return;
    }
    this.#known.set(key, kept);
    this.#keysOf.set(tenant.id, (this.#keysOf.get(tenant.id) ?? new Set()).add(key));
    this.#trim(this.#known, this.#limits.maxKnown);
  }

  /** Drops a tenant's facts, with all that was unknown, for it may have got a new host. */
  drop(tenantId: string): void {
    this.#generation += 1;
    this.#unknown.clear();
    for (const key of [...(this.#keysOf.get(tenantId) ?? [])]) this.#forget(key);
  }

  /** Drops everything. */
  clear(): void {
    this.#generation += 1;
    this.#known.clear();
    this.#unknown.clear();
    this.#keysOf.clear();
  }

  #trim(place: ReadonlyMap<string, Kept>, most: number): void {
    for (const key of place.keys()) {
      if (place.size <= most) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const id = this.#known.get(key)?.tenant?.id;
    this.#known.delete(key);
    this.#unknown.delete(key);
    if (id === undefined) return;
    const keys = this.#keysOf.get(id);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(id);
  }
}
