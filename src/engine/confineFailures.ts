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
 * that is added inside a run hears errors of that run, and those that belong to no run.
 */
export function confineFailures(): void {
  if (isConfined) return;
  isConfined = true;
  const confined = new Map<Listener, Listener>();
  const [on, off] = [process.on as Registrar, process.off as Registrar];
  const add: Registrar = (event, listener) => {
    const owner = currentRun();
    if (owner === undefined || !FAILURES.includes(event)) return on.call(process, event, listener);
    const own = confined.get(listener) ?? hearing(owner, listener);
    confined.set(listener, own);
    return on.call(process, event, own);
  };
  const remove: Registrar = (event, listener) => {
    const own = FAILURES.includes(event) ? confined.get(listener) : undefined;
    const left = off.call(process, event, own ?? listener);
    if (own !== undefined && !FAILURES.some((each) => process.listeners(each as "exit").includes(own)))
      confined.delete(listener);
    return left;
  };
  Object.assign(process, { on: add, off: remove });
}

function hearing(owner: object, listener: Listener): Listener {
  return (...args) => {
    const culprit = currentRun();
    if (culprit === undefined || culprit === owner) listener(...args);
  };
}

function currentRun(): object | undefined {
  return (globalThis as SdkGlobals).asyncLocalStorage?.getStore();
}
