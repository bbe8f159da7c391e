import { EdgeRefusedError, type Usage } from "../edge/index.ts";
import { customDomainName, routeName } from "../tenant/edgeNames.ts";
import { UserError } from "../tenant/errors.ts";
import type { Run } from "./run.ts";

const FORBIDDEN = 403;

/**
 * Refuses (`E_NO_CAPACITY`) a tenant whose domain and route Front Door has no room for, before anything of it is made
 * (FAULTS F43). The profile's own numbers count; where they can't be had, the run goes on and Azure has the last word.
 */
export async function assertEdgeRoom(slug: string, run: Run): Promise<void> {
  const full = (await usagesOf(run)).filter(({ used, limit }) => used >= limit);
  for (const { what, used, limit } of full) {
    if (await isThere(slug, what, run)) continue;
    throw new UserError(
      "E_NO_CAPACITY",
      `Tenant '${slug}': Front Door profile '${run.config.profile}' holds ${used} of ${limit} ${what}; expected room for one more.`,
      {
        hint: "Purge tenants that are deleted, or ask Azure for a higher limit. Nothing of this tenant was made.",
      },
    );
  }
}

async function isThere(slug: string, what: Usage["what"], { access: { edge } }: Run): Promise<boolean> {
  if (what === "routes") return edge.hasRoute(routeName(slug));
  return (await edge.customDomain(customDomainName(slug))) !== undefined;
}

async function usagesOf(run: Run): Promise<readonly Usage[]> {
  try {
    return await run.access.edge.usages();
  } catch (error) {
    if (!(error instanceof EdgeRefusedError) || error.statusCode !== FORBIDDEN) throw error;
    await run.warn(`Front Door's limits aren't compared: ${error.message}`);
    return [];
  }
}
