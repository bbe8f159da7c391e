import { join } from "node:path";
import { type Client, redact } from "../postgres/index.ts";
import {
  beginCall,
  endCall,
  failCall,
  type ListenerCall,
  MAX_RETRIES,
  readClock,
} from "../registry/index.ts";
import { UserError } from "../tenant/errors.ts";
import { type Ending, runChild } from "./childProcess.ts";
import { DEFAULT_TIMEOUT_MS, type Declaration, EVENTS_BEFORE } from "./declaration.ts";
import { listenerPath } from "./load.ts";

/** What telling needs of the run that does it. */
export interface Telling {
  /** The project's root. */
  readonly root: string;
  readonly declarations: readonly Declaration[];
  readonly signal: AbortSignal;
  withMaster<T>(body: (client: Client) => Promise<T>): Promise<T>;
  /** Shows a line of a listener. */
  log(line: string): Promise<void>;
  /** Shows that a listener failed. */
  warn(line: string): Promise<void>;
}

/** What became of several calls. */
export interface ToldCalls {
  readonly told: number;
  readonly failed: number;
}

/**
 * Makes calls one after the other, each in a process of its own, and keeps in master what became of it. A failing
 * listener is a warning, and is tried again by later runs; one that stops its operation is `E_ILLEGAL_TRANSITION`.
 */
export async function tellListeners(calls: readonly ListenerCall[], telling: Telling): Promise<ToldCalls> {
  let failed = 0;
  for (const call of calls) if (!(await tell(call, telling))) failed += 1;
  return { told: calls.length - failed, failed };
}

async function tell(call: ListenerCall, telling: Telling): Promise<boolean> {
  const begun = await telling.withMaster(async (client) => {
    return beginCall(client, call, await readClock(client));
  });
  const error = await errorOf(begun, telling);
  if (error === undefined) {
    await telling.withMaster((client) => endCall(client, begun));
    return true;
  }
  const doesStop = declarationOf(begun, telling)?.stopsOperation === true;
  const isStopped = doesStop && EVENTS_BEFORE.includes(begun.event);
  await telling.withMaster((client) => failCall(client, begun, error, isStopped));
  if (doesStop) throw stopped(begun, error);
  await telling.warn(`${subjectOf(begun)} failed: ${error} ${whatNext(begun)}`);
  return false;
}

/** Undefined when the listener did what it does. */
async function errorOf(call: ListenerCall, telling: Telling): Promise<string | undefined> {
  const declaration = declarationOf(call, telling);
  if (declaration === undefined) return `it listens no more; expected '${call.event}' in its file.`;
  const { root, signal } = telling;
  const secrets = environmentSecrets(process.env);
  const lines: Promise<void>[] = [];
  const ending = await runChild(requestOf(call, root), {
    ...{ root, signal, timeoutMs: declaration.timeoutMs ?? DEFAULT_TIMEOUT_MS },
    onLine: (line) => lines.push(telling.log(`${call.listener}: ${redact(line, secrets)}`)),
  });
  await Promise.all(lines);
  return ending.kind === "done" ? undefined : redact(wordsOf(ending), secrets);
}

function requestOf({ listener, event, facts, key, attempts: attempt }: ListenerCall, root: string) {
  const args = Array.isArray(facts) ? facts : [facts];
  return { kind: "call" as const, file: join(root, listenerPath(listener)), event, args, key, attempt };
}

function declarationOf(
  { listener, event }: ListenerCall,
  { declarations }: Telling,
): Declaration | undefined {
  return declarations.find(({ name, events }) => name === listener && events.includes(event));
}

function wordsOf(ending: Ending): string {
  if (ending.kind !== "failed") return `answered '${ending.kind}'.`;
  const isCrash = /before it was done$/.test(ending.error) && ending.stack !== "";
  const words = isCrash ? `${ending.error}: ${ending.stack}` : ending.error;
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function subjectOf({ listener, event, slug }: ListenerCall): string {
  return `tenant '${slug}': listener '${listener}' (${listenerPath(listener)}), ${event}`;
}

function whatNext({ state, attempts, nextDueAt }: ListenerCall): string {
  if (state === "given_up") return `Tried ${attempts} times; the tenant's next run tries again.`;
  return `Try ${attempts} of ${MAX_RETRIES + 1}; the next from ${nextDueAt.toISOString()} on, by \`tenantry maintain\` or the tenant's next run.`;
}

function stopped(call: ListenerCall, error: string): UserError {
  const isBefore = EVENTS_BEFORE.includes(call.event);
  const what = isBefore ? "Nothing was touched." : "The tenant's next run tries again.";
  const subject = subjectOf(call);
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `${subject[0]?.toUpperCase()}${subject.slice(1)} stops the operation: ${error}`,
    {
      hint: what,
    },
  );
}

/** Shorter values would hide ordinary words. */
const SECRET_MIN_LENGTH = 8;

/** Values of variables that a listener may have for its own services: they are shown nowhere. Pure. */
function environmentSecrets(environment: Readonly<Record<string, string | undefined>>): string[] {
  const named = Object.entries(environment).filter(([name]) =>
    /TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY/i.test(name),
  );
  return named.flatMap(([, value = ""]) => (value.length >= SECRET_MIN_LENGTH ? [value] : []));
}
