import type { AsyncLocalStorage } from "node:async_hooks";

type Listener = (...args: unknown[]) => void;
type Registrar = (event: string | symbol, listener: Listener) => NodeJS.Process;

/** Where the SDK keeps each run's own settings, also the mark of whose code is running. */
interface SdkGlobals {
  readonly asyncLocalStorage?: AsyncLocalStorage<object>;
}

const FAILURES: readonly (string | symbol)[] = ["uncaughtException", "unhandledRejection"];

let isConfined = false;

/**
 * Makes a program's stray errors fail its own run and no other (FAULTS F10). The SDK listens on the process for each
 * program it runs, so that one failing program would fail every stack in flight. From the first call on, a listener
 * that is added inside a run hears errors of that run, and those that nobody else would hear: of no run, or of one
 * that has ended.
 */
export function confineFailures(): void {
  if (isConfined) return;
  isConfined = true;
  const confined = new Map<Listener, { readonly owner: object; readonly own: Listener }>();
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
    if (own !== undefined && !FAILURES.some((each) => process.listeners(each as "exit").includes(own)))
      confined.delete(listener);
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

function currentRun(): object | undefined {
  return (globalThis as SdkGlobals).asyncLocalStorage?.getStore();
}
