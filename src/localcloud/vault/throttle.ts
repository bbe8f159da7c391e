/**
 * Key Vault's limit for secrets: 4,000 transactions a vault in 10 seconds (Microsoft, "Key Vault service limits").
 * Setting `VAULT_TRANSACTIONS`.
 */
const TRANSACTIONS = 4_000;
const WINDOW_MS = 10_000;

/** Counts one vault's requests; answers how many seconds a refused one should wait, undefined when it may go on. */
export function createThrottle(
  transactions = TRANSACTIONS,
  now: () => number = Date.now,
): () => number | undefined {
  let windowStart = now();
  let count = 0;
  return () => {
    if (now() - windowStart >= WINDOW_MS) {
      windowStart = now();
      count = 0;
    }
    count += 1;
    return count <= transactions ? undefined : Math.ceil((windowStart + WINDOW_MS - now()) / 1000);
  };
}
