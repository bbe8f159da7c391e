import type { CopyStrategy } from "../postgres/index.ts";

/** So long after a create another one still counts as of the same run. */
const SAME_RUN_MS = 10_000;

/** Creates of this process on one server. */
interface Creates {
  running: number;
  endedAt: number;
}

const byServer = new Map<string, Creates>();

/**
 * Runs one create with the way to copy the template that costs least (bench/RESULTS.md): a lone one by the write-ahead
 * log, which forces no checkpoint on a server that others use; one of several by copying files, for what the log lends
 * the next checkpoint takes back many times over. `key` names the server.
 */
export async function withCopyStrategy<T>(
  key: string,
  create: (strategy: CopyStrategy) => Promise<T>,
  now: () => number = Date.now,
): Promise<T> {
  const creates = byServer.get(key) ?? { running: 0, endedAt: Number.NEGATIVE_INFINITY };
  byServer.set(key, creates);
  const isOneOfSeveral = creates.running > 0 || now() - creates.endedAt < SAME_RUN_MS;
  creates.running += 1;
  try {
    return await create(isOneOfSeveral ? "file_copy" : "wal_log");
  } finally {
    creates.running -= 1;
    creates.endedAt = now();
  }
}
