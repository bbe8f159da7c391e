import type { StackHold } from "../deploy/index.ts";
import { LockHeldError, withAdvisoryLock } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import { stackOf } from "../tenant/names.ts";
import type { OperationContext } from "./context.ts";

/** So long a patient operation waits for another on the same tenant: a restore of a large database takes hours. */
const PATIENCE_MS = 24 * 3_600_000;

/**
 * Runs `body` while this process alone may work on a tenant: no other operation of ours on any machine (a lock in master), and no
 * run of its stack on either engine (a lock in the backend, where that is a folder). Throws `E_LOCKED`, saying who holds it.
 */
export async function withTenantHeld<T>(
  context: OperationContext,
  slug: string,
  body: (hold: StackHold) => Promise<T>,
): Promise<T> {
  return withStackHeld(context, stackOf(context.environment, slug), `Tenant '${slug}'`, body);
}

/** The same for the platform, whose servers an operation changes. */
export async function withPlatformHeld<T>(
  context: OperationContext,
  body: (hold: StackHold) => Promise<T>,
): Promise<T> {
  return withStackHeld(context, context.environment, `Platform '${context.environment}'`, body);
}

async function withStackHeld<T>(
  context: OperationContext,
  stack: string,
  who: string,
  body: (hold: StackHold) => Promise<T>,
): Promise<T> {
  const waitMs = context.isPatient ? PATIENCE_MS : 0;
  // A session of its own: its lock must outlive whatever the operation's other connections go through.
  return context.access.withOwnMaster(async (client) => {
    try {
      return await withAdvisoryLock(
        client,
        `tenantry operation ${stack}`,
        () => context.deployer.holdStack(stack, { isPatient: context.isPatient, onNote: context.note }, body),
        { waitMs },
      );
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      throw new UserError("E_LOCKED", `${who}: another operation is under way: ${error.message}`, {
        hint: "Wait for it, or pass `--wait`.",
        cause: error,
      });
    }
  });
}
