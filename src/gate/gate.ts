import { answerOf, type GateAnswer, masterUnavailable } from "./answer.ts";
import { Lookups } from "./lookups.ts";
import { MasterAwayError, MasterLink, type ReadMasterUrl } from "./masterLink.ts";
import { prefixesOf } from "./pathPrefix.ts";
import { DEFAULT_LIMITS, type GateLimits, TenantCache } from "./tenantCache.ts";
import type { RequestPlace } from "./tenantFound.ts";

export interface GateOptions {
  /** Default false: everything passes through and master is never asked. */
  readonly enabled?: boolean;
  /** Master's read-only URL (secret `master-read` of the platform's vault): `masterReader`, or the caller's own. */
  readonly masterUrl: ReadMasterUrl;
  readonly limits?: Partial<GateLimits>;
  /** Told of every request that was refused because master could not be asked; no credential in it. Default: nobody. */
  readonly onMasterAway?: (reason: string) => void;
}

/** Resolves requests to tenants. Denied by default: there is no fallback tenant. */
export interface Gate {
  /**
   * Looks up the host, then the path's prefixes, the longest first. Never throws. What it kept is at most
   * `limits.maxAgeMs` old, and is dropped as soon as master tells of a change.
   */
  resolve(place: RequestPlace): Promise<GateAnswer>;
  /** Ends the connection to master. */
  close(): Promise<void>;
}

/** Opens a gate; connects to master with the first request. */
export function openGate(options: GateOptions): Gate {
  if (options.enabled !== true) {
    return { resolve: async () => ({ kind: "passThrough" }), close: async () => undefined };
  }
  return new MasterGate(options);
}

class MasterGate implements Gate {
  readonly #lookups: Lookups;
  readonly #master: MasterLink;
  readonly #onMasterAway: (reason: string) => void;

  constructor({ masterUrl, limits, onMasterAway = () => undefined }: GateOptions) {
    const cache = new TenantCache({ ...DEFAULT_LIMITS, ...limits }, () => performance.now());
    this.#onMasterAway = onMasterAway;
    this.#master = new MasterLink(masterUrl, {
      onChange: (tenantId) => cache.drop(tenantId),
      onFresh: () => cache.clear(),
    });
    this.#lookups = new Lookups(cache, this.#master);
  }

  async resolve({ host, path }: RequestPlace): Promise<GateAnswer> {
    try {
      const tenant = await this.#lookups.find({ kind: "host", name: host });
      if (tenant !== undefined) return answerOf(tenant, host);
      for (const prefix of prefixesOf(path)) {
        const found = await this.#lookups.find({ kind: "prefix", name: prefix });
        if (found !== undefined) return answerOf(found, host, prefix);
      }
      return answerOf(undefined, host);
    } catch (error) {
      if (!(error instanceof MasterAwayError)) throw error;
      this.#onMasterAway(error.message);
      return masterUnavailable();
    }
  }

  close(): Promise<void> {
    return this.#master.close();
  }
}
