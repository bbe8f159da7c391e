import * as logModule from "@pulumi/pulumi/log/index.js";
import { rpcKeepAlive } from "@pulumi/pulumi/runtime/settings.js";
import { currentRun } from "./confineFailures.ts";

type Log = (message: string, resource?: LogSubject, streamId?: number, ephemeral?: boolean) => Promise<void>;

/** What the SDK asks of a resource that a log is about. */
interface LogSubject {
  readonly urn: { promise(): Promise<string> };
}

/** The module's own object, where the SDK itself looks its functions up. */
const { default: sdkLog } = logModule as unknown as { readonly default: Record<Level, Log> };

type Level = (typeof LEVELS)[number];
const LEVELS = ["debug", "info", "warn", "error"] as const;

let isConfined = false;

/**
 * Keeps a program's logs from losing or holding up those of others. The SDK has one queue of logs a process: a log on a
 * resource that failed to register breaks it for good, and one on a resource that never answers blocks it. From the
 * first call on, a log enters that queue when its resource's URN is known, or known to fail; until then it holds up its
 * own run's logs alone. What never gets a URN is told without one.
 */
export function confineLogs(): void {
  if (isConfined) return;
  isConfined = true;
  const queues = new WeakMap<object, Promise<unknown>>();
  for (const level of LEVELS) {
    const log = sdkLog[level];
    const confined: Log = (message, resource, streamId, ephemeral) => {
      const run = currentRun();
      if (run === undefined) return log(message, resource, streamId, ephemeral);
      const before = queues.get(run);
      if (before === undefined && resource === undefined) return log(message, resource, streamId, ephemeral);
      const done = rpcKeepAlive();
      const urn = Promise.all([urnOf(resource), before]).then(([found]) => found);
      const told = urn.then((found) =>
        log(message, found === undefined ? undefined : subjectOf(found), streamId, ephemeral),
      );
      queues.set(run, told);
      return told.finally(done);
    };
    Object.assign(sdkLog, { [level]: confined });
  }
}

async function urnOf(resource: LogSubject | undefined): Promise<string | undefined> {
  return await resource?.urn.promise().catch(() => undefined);
}

function subjectOf(urn: string): LogSubject {
  return { urn: { promise: async () => urn } };
}
