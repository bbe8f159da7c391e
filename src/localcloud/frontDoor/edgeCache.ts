/** What all answers together may take, and one alone; a larger one is passed on and not kept. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRY_BYTES = 8 * 1024 * 1024;
/** What an entry takes beside its body: key, headers and the like. An estimate that keeps many tiny ones bounded. */
const OVERHEAD_BYTES = 2048;

/** One kept answer. */
export interface CachedAnswer {
  readonly endpointId: string;
  /** Lower case, without a port. */
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  /** When it came from the origin, in ms, and how old it was then, in seconds. */
  readonly storedAt: number;
  readonly ageS: number;
  /** When it is no longer fresh, in ms. */
  readonly expiresAt: number;
}

/** What is purged of one endpoint. */
export interface Purge {
  readonly endpointId: string;
  /** Only of these hosts; all of the endpoint's when undefined. */
  readonly hosts?: readonly string[];
  /** `/a.png`, or `/a/*` for all below it; compared without case and whatever the query. */
  readonly paths: readonly string[];
}

export interface CacheLimits {
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
}

/** Front Door's kept answers, in memory: bounded, the least recently used go first, a restart forgets all. */
export class EdgeCache {
  readonly #limits: CacheLimits;
  /** Least recently used first. */
  readonly #answers = new Map<string, CachedAnswer>();
  #bytes = 0;
  #purges = 0;

  constructor(limits: CacheLimits = { maxBytes: MAX_BYTES, maxEntryBytes: MAX_ENTRY_BYTES }) {
    this.#limits = limits;
  }

  /** Most bytes of a body that is kept. */
  get maxEntryBytes(): number {
    return this.#limits.maxEntryBytes;
  }

  /** What the kept answers take now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Grows with every purge: an answer asked for before one must not be kept after it. */
  get purges(): number {
    return this.#purges;
  }

  /** The answer under a key while it is fresh. */
  get(key: string, nowMs: number): CachedAnswer | undefined {
    const found = this.#answers.get(key);
    if (found === undefined) return undefined;
    this.#forget(key, found);
    if (nowMs >= found.expiresAt) return undefined;
    this.#remember(key, found);
    return found;
  }

  /** Keeps an answer in place of an older one; one that is too large is not kept. */
  set(key: string, answer: CachedAnswer): void {
    const old = this.#answers.get(key);
    if (old !== undefined) this.#forget(key, old);
    if (answer.body.length > this.#limits.maxEntryBytes) return;
    this.#remember(key, answer);
    for (const [oldest, each] of this.#answers) {
      if (this.#bytes <= this.#limits.maxBytes) return;
      this.#forget(oldest, each);
    }
  }

  /** Forgets what a purge names. */
  purge({ endpointId, hosts, paths }: Purge): void {
    this.#purges += 1;
    for (const [key, answer] of this.#answers) {
      const isNamed =
        answer.endpointId.toLowerCase() === endpointId.toLowerCase() &&
        (hosts === undefined || hosts.includes(answer.host)) &&
        paths.some((path) => isBelow(path, answer.path));
      if (isNamed) this.#forget(key, answer);
    }
  }

  #remember(key: string, answer: CachedAnswer): void {
    this.#answers.set(key, answer);
    this.#bytes += sizeOf(answer);
  }

  #forget(key: string, answer: CachedAnswer): void {
    this.#answers.delete(key);
    this.#bytes -= sizeOf(answer);
  }
}

function sizeOf({ body }: CachedAnswer): number {
  return body.length + OVERHEAD_BYTES;
}

function isBelow(pattern: string, path: string): boolean {
  const [wanted, asked] = [pattern.toLowerCase(), path.toLowerCase()];
  return wanted.endsWith("/*") ? asked.startsWith(wanted.slice(0, -1)) : wanted === asked;
}
