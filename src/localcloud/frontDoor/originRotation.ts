import type { Origin } from "./routing.ts";

/** What an origin is identified by: its document in Resource Manager's state, new after every change of it. */
type Identity = object;

/**
 * Whose turn it is in an origin group: all of the lowest priority number first, in the ratio of their weights. One that
 * can't be reached leaves its turn to the others, and a whole priority to the next.
 */
export class OriginRotation {
  readonly #credit = new WeakMap<Identity, number>();

  /** The origins in the order in which this request tries them; what isn't asked for takes no turn. */
  *turns(origins: readonly Origin[]): Generator<Origin> {
    const priorities = [...new Set(origins.map(({ priority }) => priority))].sort((a, b) => a - b);
    for (const priority of priorities) {
      let left = origins.filter((origin) => origin.priority === priority);
      while (left.length > 0) {
        const next = this.#next(left);
        yield next;
        left = left.filter((origin) => origin !== next);
      }
    }
  }

  /** Smooth weighted round robin: weights 5 and 1 make a a a b a a, and not five and then one. */
  #next(origins: readonly Origin[]): Origin {
    const total = origins.reduce((sum, { weight }) => sum + weight, 0);
    const credits = origins.map((origin) => ({ origin, credit: this.#creditOf(origin) + origin.weight }));
    const [first, ...others] = credits;
    if (first === undefined) throw new Error("An origin's turn was asked for where there is no origin.");
    const best = others.reduce((leader, each) => (each.credit > leader.credit ? each : leader), first);
    for (const each of credits) {
      this.#credit.set(each.origin.identity, each === best ? each.credit - total : each.credit);
    }
    return best.origin;
  }

  #creditOf({ identity }: Origin): number {
    return this.#credit.get(identity) ?? 0;
  }
}
