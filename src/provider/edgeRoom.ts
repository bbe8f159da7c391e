import { EdgeRefusedError, type Usage } from "../edge/index.ts";
import { domainNames, routeName } from "../tenant/edgeNames.ts";
import { UserError } from "../tenant/errors.ts";
import type { Run } from "./run.ts";

const FORBIDDEN = 403;

/**
 * Refuses (`E_NO_CAPACITY`) a tenant whose domains and route Front Door has no room for, before anything of it is made
 * (FAULTS F43). The profile's own numbers count; where they can't be had, the run goes on and Azure has the last word.
 */
export async function assertEdgeRoom(slug: string, hosts: readonly string[], run: Run): Promise<void> {
  for (const { what, used, limit } of await usagesOf(run)) {
    // Enough for whatever it still lacks: what is there already needn't be looked for.
    if (used + hosts.length <= limit) continue;
    const wanted = await countMissing(slug, hosts, what, run);
    if (wanted === 0 || used + wanted <= limit) continue;
    throw new UserError(
      "E_NO_CAPACITY",
      `Tenant '${slug}': Front Door profile '${run.config.profile}' holds ${used} of ${limit} ${what}; expected room for ${wanted === 1 ? "one" : wanted} more.`,
      {
        hint: "Purge tenants that are deleted, or ask Azure for a higher limit. Nothing of this tenant was made.",
      },
    );
  }
}

async function countMissing(
  slug: string,
  hosts: readonly string[],
  what: Usage["what"],
  { access: { edge } }: Run,
): Promise<number> {
  if (what === "routes") return (await edge.hasRoute(routeName(slug))) ? 0 : 1;
  const found = await Promise.all(domainNames(slug, hosts).map(({ name }) => edge.customDomain(name)));
  return found.filter((domain) => domain === undefined).length;
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
