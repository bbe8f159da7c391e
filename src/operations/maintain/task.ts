import type { StackHold } from "../../deploy/index.ts";
import type { OperationContext } from "../context.ts";

/** One piece of work that is due. */
export interface DueWork {
  /** The tenant it is about. */
  readonly slug: string;
  /** What would be done, in a few words without a secret. */
  readonly words: string;
  /**
   * Does it, while the tenant is held where the task says so; answers in a few words what was done, or undefined where
   * another run did it meanwhile. Throws what went wrong.
   */
  run(hold: StackHold): Promise<string | undefined>;
}

/** One kind of maintenance. Each looks again once it has the tenant: whoever was faster has done it. */
export interface MaintenanceTask {
  readonly name: string;
  /** Whether the tenant is held against every other run while the work is done; looking needs no hold. */
  readonly isTenantHeld: boolean;
  /** What is due now, in the order it is done. Writes nothing. */
  due(context: OperationContext): Promise<readonly DueWork[]>;
}
