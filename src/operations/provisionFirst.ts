import type { StackHold } from "../deploy/index.ts";
import { readRecord } from "../registry/index.ts";
import type { DesiredTenant } from "../tenant/desired.ts";
import { isContentError, UserError } from "../tenant/errors.ts";
import { entryPath } from "../tenant/load.ts";
import { applyStack } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";

/**
 * Gives a slug its first life, or the next one after a purge, from its entry; answers whether it did. What is refused for the
 * tenant's own content is undone, as `up` does it. Throws what `up` throws, and `E_ILLEGAL_TRANSITION` for an entry that says
 * `deleted`.
 */
export async function provisionFirst(
  context: OperationContext,
  tenant: DesiredTenant,
  hold: StackHold,
): Promise<boolean> {
  const { slug, status } = tenant;
  const record = await context.access.withMaster((client) => readRecord(client, slug));
  if (record !== undefined && record.activeAt !== null) return false;
  if (status === "deleted")
    throw new UserError(
      "E_ILLEGAL_TRANSITION",
      `${entryPath(slug)} 'status': expected 'active' or 'suspended' for a new life; got 'deleted'.`,
      { hint: "Set the status and remove `purge`; then run the same command again." },
    );
  context.note(`'${slug}' has no life: provisioning one from its entry`);
  await provision(context, tenant, hold);
  context.point("restore:provisioned");
  return true;
}

/** Runs a first `up`; what is refused for the tenant's own content is undone. Throws what `up` throws. */
export async function provision(
  context: OperationContext,
  { slug, stack }: DesiredTenant,
  hold: StackHold,
): Promise<void> {
  const { deployer, isPatient, note } = context;
  try {
    await applyStack(context, slug, hold);
  } catch (error) {
    if (isContentError(error) && !(await deployer.isRegistered(stack))) {
      note(`${error.code}: undoing what this tenant's first run made`);
      await hold.letGoFor(() => deployer.undoFirstRun(stack, { isPatient }));
    }
    throw error;
  }
}
