import type { AsyncLocalStorage } from "node:async_hooks";

type Listener = (...args: unknown[]) => void;
type Registrar = (event: string | symbol, listener: Listener) => NodeJS.Process;

/** Where the SDK keeps each run's own settings, also the mark of whose code is running. */
interface SdkGlobals {
  readonly asyncLocalStorage?: AsyncLocalStorage<SdkRun>;
}

/** The clients of a run, which the SDK makes when they are first needed and never closes. */
interface SdkRun {
  readonly settings?: { monitor?: Closable | undefined; engine?: Closable | undefined };
}

interface Closable {
  close(): void;
}

const FAILURES: readonly (string | symbol)[] = ["uncaughtException", "unhandledRejection"];

let isConfined = false;

/**
 * Makes a program's stray errors fail its own run and no other (FAULTS F10). The SDK listens on the process for each
 * program it runs, so that one failing program would fail every stack in flight. From the first call on, a listener
 * that is added inside a run hears errors of that run, and those that nobody else would hear: of no run, or of one
 * that has ended. Its removal is the end of the run, which closes the clients that the run used.
 */
export function confineFailures(): void {
  if (isConfined) return;
  isConfined = true;
  const confined = new Map<Listener, { readonly owner: SdkRun; readonly own: Listener }>();
  const isHeardBy = (owner: object): boolean => [...confined.values()].some((each) => each.owner === owner);
  const [on, off] = [process.on as Registrar, process.off as Registrar];
  const add: Registrar = (event, listener) => {
    const owner = currentRun();
    if (owner === undefined || !FAILURES.includes(event)) return on.call(process, event, listener);
    const known = confined.get(listener) ?? { owner, own: hearing(owner, listener, isHeardBy) };
    confined.set(listener, known);
    return on.call(process, event, known.own);
  };
  const remove: Registrar = (event, listener) => {
    const own = FAILURES.includes(event) ? confined.get(listener)?.own : undefined;
    const left = off.call(process, event, own ?? listener);
    if (own !== undefined && !FAILURES.some((each) => process.listeners(each as "exit").includes(own))) {
      const owner = confined.get(listener)?.owner;
      confined.delete(listener);
      if (owner !== undefined) closeClients(owner);
    }
    return left;
  };
  Object.assign(process, { on: add, off: remove });
}

function hearing(owner: object, listener: Listener, isHeardBy: (culprit: object) => boolean): Listener {
  return (...args) => {
    const culprit = currentRun();
    if (culprit === undefined || culprit === owner || !isHeardBy(culprit)) listener(...args);
  };
}

/** Closes the clients of a run that has ended: each pair holds 0.6 MB. Whoever still asks gets new ones. */
function closeClients({ settings = {} }: SdkRun): void {
  const clients = [settings.monitor, settings.engine];
  Object.assign(settings, { monitor: undefined, engine: undefined });
  for (const client of clients) client?.close();
}

/** The run whose code is running: the SDK's own store of it. */
export function currentRun(): SdkRun | undefined {
  return (globalThis as SdkGlobals).asyncLocalStorage?.getStore();
}
