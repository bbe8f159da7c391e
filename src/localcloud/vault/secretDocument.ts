/** A secret as it is kept: every version, newest last. */
export interface SecretDocument {
  readonly name: string;
  readonly versions: readonly SecretVersion[];
  /** Set while it is soft-deleted. Times in ms. */
  readonly deleted?: { readonly at: number; readonly settledAt: number; readonly purgeAt: number };
  /** Set while a recovery is under way. In ms. */
  readonly recovery?: { readonly readableAt: number; readonly settledAt: number };
}

export interface SecretVersion {
  /** 32 hex digits. */
  readonly version: string;
  /** The value, encrypted. */
  readonly sealed: string;
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  /** Seconds since 1970, as all times of a version. */
  readonly nbf?: number;
  readonly exp?: number;
  readonly created: number;
  readonly updated: number;
}

/** What a caller may set beside the value; undefined leaves as it is. */
export interface SecretChange {
  readonly contentType?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly enabled?: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

/** Where a secret is in its life. */
export type SecretPhase = "active" | "beingDeleted" | "deleted" | "beingRecovered" | "recovering" | "expired";

/**
 * The phase at a time. `beingRecovered`: neither read nor written; `recovering`: read but not written (Azure's own
 * order after a recovery); `expired`: past its retention, as if purged.
 */
export function phaseOf(secret: SecretDocument, nowMs: number): SecretPhase {
  const { deleted, recovery } = secret;
  if (deleted !== undefined) {
    if (nowMs >= deleted.purgeAt) return "expired";
    return nowMs < deleted.settledAt ? "beingDeleted" : "deleted";
  }
  if (recovery === undefined || nowMs >= recovery.settledAt) return "active";
  return nowMs < recovery.readableAt ? "beingRecovered" : "recovering";
}

/** The newest version. */
export function latestOf(secret: SecretDocument): SecretVersion {
  const latest = secret.versions.at(-1);
  if (latest === undefined) throw new Error(`Secret '${secret.name}' is kept without a version.`);
  return latest;
}
