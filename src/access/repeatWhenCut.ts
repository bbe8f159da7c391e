import { isConnectionLoss, PostgresError } from "../postgres/index.ts";

/** How often one piece of work is begun again: a server that falls over it every time must not be met for ever. */
const MAX_CUTS = 3;

/**
 * Runs work on a connection of its own and, when the server went away under it (FAULTS F12, F23), once more from the
 * beginning, which finds out what was done. `connect` waits for the server; one that can't be reached is told as it is.
 */
export async function repeatWhenCut<T>(work: () => Promise<T>): Promise<T> {
  for (let cuts = 0; ; cuts += 1) {
    try {
      return await work();
    } catch (error) {
      if (cuts >= MAX_CUTS || !isCut(error)) throw error;
    }
  }
}

/** What `connect` throws is explained, and it has knocked long enough. */
function isCut(error: unknown): boolean {
  return !(error instanceof PostgresError) && isConnectionLoss(error);
}
