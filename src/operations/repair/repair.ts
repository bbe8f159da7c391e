import type { ResourceChange, StackHold } from "../../deploy/index.ts";
import {
  cnameRecordName,
  customDomainName,
  routeName,
  validationRecordName,
} from "../../tenant/edgeNames.ts";
import { UserError } from "../../tenant/errors.ts";
import { loadTenant } from "../../tenant/select.ts";
import { applyStack, tellEvent } from "../applyStack.ts";
import type { OperationContext } from "../context.ts";
import { withTenantHeld } from "../tenantHeld.ts";
import { type Diagnosis, diagnose } from "./diagnose.ts";
import { lookAtTenant } from "./look.ts";

/** What came of {@link repair}. */
export interface Repaired extends Diagnosis {
  readonly slug: string;
  /** Whether anything was done about it. */
  readonly isDone: boolean;
}

/**
 * Names what diverges among master, database, role, secret, DNS, CDN and state, and with `shouldMend` mends it: adopts what bears
 * this tenant's marker, makes what is missing, or finishes a cut-off undo or purge; then looks again. Never touches what isn't
 * provably its own: throws `E_PARTIAL_STATE` for that, for lost data, and where something still differs afterwards.
 */
export async function repair(
  context: OperationContext,
  slug: string,
  { shouldMend }: { readonly shouldMend: boolean },
): Promise<Repaired> {
  return withTenantHeld(context, slug, async (hold) => {
    const found = await examine(context, slug, hold);
    for (const { place, what, cure } of found.divergences) context.note(`${place}: ${what} → ${cure}`);
    if (found.cure === "nothing" || !shouldMend) return { slug, ...found, isDone: false };
    if (found.cure === "refused") throw refusal(slug, found);
    context.point("repair:examined");
    await mend(context, slug, found, hold);
    context.point("repair:mended");
    const left = await examine(context, slug, hold);
    if (left.cure !== "nothing") throw refusal(slug, left);
    return { slug, ...found, isDone: true };
  });
}

/** What diverges now; also for others who have to get a tenant out of a half state. Writes nothing. */
export async function examine(context: OperationContext, slug: string, hold: StackHold): Promise<Diagnosis> {
  const tenant = loadTenant(context.root, slug, context.config);
  const facts = await lookAtTenant(context, tenant);
  const first = diagnose(facts, []);
  const isLiving = first.cure === "nothing" || first.cure === "apply";
  if (facts.record === undefined || !isLiving || facts.record.status === "provisioning_failed") return first;
  return diagnose(facts, await differences(context, tenant.stack, hold));
}

async function differences(
  { deployer, isPatient }: OperationContext,
  stack: string,
  hold: StackHold,
): Promise<readonly ResourceChange[]> {
  const { changes } = await hold.letGoFor(() => deployer.preview(stack, { isPatient, shouldRefresh: true }));
  return changes.filter(({ type }) => !type.startsWith("pulumi:") && !type.endsWith("Stack"));
}

async function mend(
  context: OperationContext,
  slug: string,
  { cure, shouldClearEdge }: Diagnosis,
  hold: StackHold,
): Promise<void> {
  if (shouldClearEdge === true) await clearEdge(context, slug);
  const { deployer, isPatient } = context;
  const { stack } = loadTenant(context.root, slug, context.config);
  const options = {
    isPatient,
    onEvent: (event: Parameters<typeof tellEvent>[0]) => tellEvent(event, context),
  };
  if (cure === "apply")
    await applyStack(context, slug, hold, { shouldRefresh: await deployer.hasResources(stack) });
  if (cure === "finish undo") await hold.letGoFor(() => deployer.undoFirstRun(stack, options));
  if (cure === "finish purge") await hold.letGoFor(() => deployer.destroy(stack, options));
}

/** Nothing foreign is among them: that was refused before. The CNAME goes before the domain that it points at. */
async function clearEdge({ access: { edge }, note }: OperationContext, slug: string): Promise<void> {
  note("DNS and CDN: what the state doesn't hold is removed, and made anew");
  await edge.removeRecordSet("CNAME", cnameRecordName(slug));
  await edge.removeRecordSet("TXT", validationRecordName(slug));
  await edge.removeRoute(routeName(slug));
  await edge.removeCustomDomain(customDomainName(slug));
}

function refusal(slug: string, { divergences }: Diagnosis): UserError {
  const words = divergences.map(({ place, what }) => `${place}: ${what}`).join("; ");
  const hints = [...new Set(divergences.map(({ cure }) => cure))].join("; ");
  return new UserError("E_PARTIAL_STATE", `Tenant '${slug}': ${words}. Nothing else was touched.`, {
    hint: hints,
  });
}
