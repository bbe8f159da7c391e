import { checkFault, type FaultOrder, type FaultReport, isImmediate } from "../faults/index.ts";
import { LocalCloudError } from "../localCloudError.ts";
import type { Core } from "./core.ts";

/** Sets, lists and clears faults. */
export interface FaultControl {
  /** Throws `E_NOT_SUPPORTED` for what isn't built. A fault on PostgreSQL is in place when it returns. */
  add(order: FaultOrder): Promise<FaultReport>;
  list(): readonly FaultReport[];
  /** One, or all; answers what was cleared. Throws `E_NOT_SUPPORTED` for an id that nothing has. */
  clear(id: string | undefined): Promise<readonly FaultReport[]>;
}

/** One change after the other: each may restart a server. */
export function openFaultControl({ context: { faults }, clusters }: Core): FaultControl {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work, work);
    turn = mine;
    return mine;
  };
  const add = async (order: FaultOrder) => {
    checkFault(order);
    if (order.service === "postgres") clusters.assertKnown(order.name ?? "");
    const report = faults.add(order);
    if (order.service === "postgres") await putInPlace(report);
    return faults.list().find(({ id }) => id === report.id) ?? report;
  };
  const putInPlace = async (report: FaultReport) => {
    const { id, name = "", effect } = report;
    try {
      if (!isImmediate(report)) return await clusters.setProxied(name, true);
      faults.strike(id);
      await clusters.crash(name, effect.kind === "crash" ? effect.restartAfterMs : undefined);
    } catch (error) {
      faults.clear(id);
      throw error;
    }
  };
  const clear = async (id: string | undefined) => {
    const cleared = faults.clear(id);
    if (id !== undefined && cleared.length === 0)
      throw new LocalCloudError("E_NOT_SUPPORTED", `fault: none is set as '${id}'.`, {
        hint: "`tenantry local fault list` shows them; a restart of the local cloud clears all.",
      });
    for (const { name = "", effect } of cleared.filter(({ service }) => service === "postgres")) {
      const needsProxy = faults.list().some((each) => each.name === name && !isImmediate(each));
      await clusters.setProxied(name, needsProxy);
      if (effect.kind === "crash") await clusters.revive(name);
    }
    return cleared;
  };
  return {
    add: (order) => inTurn(() => add(order)),
    list: () => faults.list(),
    clear: (id) => inTurn(() => clear(id)),
  };
}
