const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Waits before the first tries again; from then on it is once a day (PRODUCT.md item 8). */
const FIRST_WAITS_MS: readonly number[] = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS];

/** Tries again by themselves; after that a person decides. */
export const MAX_RETRIES = 10;

/**
 * When something that failed at `failedAt` is tried again by itself, after so many tries again; undefined when there
 * were enough. Pure.
 */
export function nextRetryAt(failedAt: Date, retries: number): Date | undefined {
  if (retries >= MAX_RETRIES) return undefined;
  return new Date(failedAt.getTime() + (FIRST_WAITS_MS[retries] ?? DAY_MS));
}
