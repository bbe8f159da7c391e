import { type Clock, systemClock } from "./clock.ts";
import { isTransient } from "./sqlState.ts";

/** Longer than a crash recovery: 21 s were measured for 505 databases (MEASURED 3.6). */
export const RECOVERY_BUDGET_MS = 60_000;

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

export interface RetryOptions {
  /** How long to go on after the first failure; 0 tries once. Default 60 s. */
  readonly budgetMs?: number;
  /** Which errors may pass; default is the retry table of `isTransient`. */
  readonly isRetryable?: (error: unknown) => boolean;
  readonly clock?: Clock;
  /** A number in [0, 1); spreads the pauses of many processes. */
  readonly random?: () => number;
}

/** Runs `action` until it succeeds, fails for good or the budget is used up; then throws the last error. */
export async function withRetry<T>(action: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const clock = options.clock ?? systemClock;
  const isRetryable = options.isRetryable ?? isTransient;
  const deadline = clock.now() + (options.budgetMs ?? RECOVERY_BUDGET_MS);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      const pause = pauseMs(attempt, options.random ?? Math.random);
      if (!isRetryable(error) || clock.now() + pause > deadline) throw error;
      await clock.sleep(pause);
    }
  }
}

/** Exponential with full jitter over the upper half. */
export function pauseMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + random() * (ceiling / 2));
}
