import { setTimeout as pause } from "node:timers/promises";
import { EdgeUnreachableError, lookupCname } from "../edge/index.ts";
import { customDomainName } from "../tenant/edgeNames.ts";
import { UserError } from "../tenant/errors.ts";
import { explain, messageOf } from "./failure.ts";
import type { Run } from "./run.ts";

const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 1_000;
const APPROVED = "Approved";

/**
 * Waits until the tenant's own host resolves and Front Door has approved its domain. Customers' own domains are never
 * waited for. Throws `E_EDGE_PENDING` when `waitMs` is over; nothing is undone and a later run goes on. What Resource
 * Manager refuses is thrown at once.
 */
export async function waitForEdge(slug: string, host: string, waitMs: number, run: Run): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    const missing = await missingAtEdge(slug, host, run);
    if (missing === undefined) return;
    const leftMs = deadline - Date.now();
    if (leftMs <= 0 || run.signal.aborted) throw pending(slug, host, waitMs, missing);
    await pause(Math.min(pollMs, leftMs));
  }
}

async function missingAtEdge(slug: string, host: string, run: Run): Promise<string | undefined> {
  try {
    const domain = await run.access.edge.customDomain(customDomainName(slug));
    if (domain === undefined) return "Front Door has no domain for it";
    if (domain.validationState !== APPROVED)
      return `Front Door says '${domain.validationState}' of its domain`;
    return (await lookupCname(host)) === undefined ? "it has no CNAME yet" : undefined;
  } catch (error) {
    // A refusal, e.g. for want of a role, passes by no waiting: it is told at once.
    if (!(error instanceof EdgeUnreachableError)) throw error;
    return messageOf(explain(error));
  }
}

function pending(slug: string, host: string, waitMs: number, missing: string): UserError {
  return new UserError(
    "E_EDGE_PENDING",
    `Tenant '${slug}': host '${host}' isn't served after ${waitMs / 1000} s: ${missing}; expected a CNAME that resolves and an approved domain.`,
    { hint: `Nothing was undone; run \`up ${slug}\` again later.` },
  );
}
