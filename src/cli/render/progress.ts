/** Name shown for the platform stack where a tenant's slug stands otherwise. */
export const PLATFORM = "platform";

/** Splits the targets of a run where all that is before must have ended: at the platform, for tenants stand on it. */
export function wavesOf<T>(targets: readonly T[], nameOf: (target: T) => string): readonly (readonly T[])[] {
  const names = targets.map(nameOf);
  const starts = targets.flatMap((_, at) =>
    at === 0 || names[at] === PLATFORM || names[at - 1] === PLATFORM ? [at] : [],
  );
  return starts.map((start, wave) => targets.slice(start, starts[wave + 1]));
}

/** What a run reports while it works; every display only consumes these. Times are ms since the run began. */
export type Progress =
  | { readonly kind: "started"; readonly target: string; readonly atMs: number }
  | { readonly kind: "phase"; readonly target: string; readonly phase: string; readonly atMs: number }
  /** A resource that is begun: for who watches, in no log. */
  | { readonly kind: "step"; readonly target: string; readonly resource: string; readonly atMs: number }
  | { readonly kind: "note"; readonly target: string; readonly text: string; readonly atMs: number }
  | {
      readonly kind: "finished";
      readonly target: string;
      readonly summary: string;
      /** What a program wants to know beside the words; no secret. */
      readonly details?: object;
      readonly atMs: number;
      readonly tookMs: number;
    }
  | {
      readonly kind: "failed";
      readonly target: string;
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
      readonly atMs: number;
    };

/** A display of one run over several targets. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  /** Draws the last state; after it the verb may print. */
  close(): Promise<void>;
}

/** `950 ms` or `1.4 s`. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
