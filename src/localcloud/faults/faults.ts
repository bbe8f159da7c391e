import type { FaultEffect, FaultOrder, FaultReport, FaultTarget } from "./fault.ts";

/** A crash by a statement would otherwise meet every retry of that statement. */
const CRASH_TIMES = 1;

type Counted = { -readonly [Key in keyof FaultReport]: FaultReport[Key] };

/** The faults that are set, in memory only: a restart of the daemon clears them. */
export class Faults {
  readonly #faults: Counted[] = [];
  #count = 0;

  /** Sets a checked one. */
  add(order: FaultOrder): FaultReport {
    this.#count += 1;
    const fault = { ...order, id: `f${this.#count}`, seen: 0, struck: 0 };
    this.#faults.push(fault);
    return { ...fault };
  }

  /** Oldest first. */
  list(): readonly FaultReport[] {
    return this.#faults.map((fault) => ({ ...fault }));
  }

  /** Forgets one, or all; answers what was forgotten. */
  clear(id?: string): readonly FaultReport[] {
    const cleared = this.#faults.filter((fault) => id === undefined || fault.id === id);
    for (const fault of cleared) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return cleared;
  }

  /** Counts a fault that happened without a request. */
  strike(id: string): void {
    for (const fault of this.#faults.filter((each) => each.id === id)) fault.struck += 1;
  }

  /** What becomes of a request: every fault that matches counts it, and the oldest that is due strikes. */
  take(target: FaultTarget): FaultEffect | undefined {
    const matching = this.#faults.filter((fault) => doesMatch(fault, target));
    for (const fault of matching) fault.seen += 1;
    const due = matching.find(isDue);
    if (due === undefined) return undefined;
    due.struck += 1;
    return due.effect;
  }
}

/** Whether a fault is about this request. Pure. */
export function doesMatch(order: FaultOrder, target: FaultTarget): boolean {
  const { service, name, method, path } = order;
  if (service !== target.service) return false;
  if (name !== undefined && name.toLowerCase() !== target.name?.toLowerCase()) return false;
  if (method !== undefined && method.toUpperCase() !== target.method?.toUpperCase()) return false;
  return path === undefined || target.path.includes(path);
}

/** Whether it strikes the request that `seen` counts already. Pure. */
export function isDue({ effect, seen, struck, times, after = 0 }: FaultReport): boolean {
  const limit = times ?? (effect.kind === "crash" ? CRASH_TIMES : Number.POSITIVE_INFINITY);
  return seen > after && struck < limit;
}
