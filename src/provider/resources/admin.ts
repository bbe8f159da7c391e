import { adminHook } from "../../hooks/index.ts";
import { revokeInvitations } from "../../registry/index.ts";
import type { AdminInputs, AdminOutputs } from "../../tenant/resources.ts";
import { markPhase } from "../phases.ts";
import { UNKNOWN } from "../protocol/wire.ts";
import type { Known, Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { inTenantDatabase, lookInTenantDatabase } from "../tenantDatabase.ts";

/** The first admin, and the invitation that Registration lets go. */
export const admin: ResourceType<AdminInputs, AdminOutputs> = {
  name: "Admin",
  phase: "admin_seeded",
  immutable: ["database", "role", "stack", "slug"],
  idOf: ({ stack }) => `${stack}/admin`,
  predict: async (news, known) => ({ ...news, ...predictIds(news, known) }),
  create: (inputs, run) => seed(inputs, run, true),
  update: (_, news, run) => seed(news, run, false),
  read: async ({ inputs }, run) => {
    const wanted = inputs as AdminInputs;
    const found = await lookInTenantDatabase(wanted, run, (context) =>
      run.access.withMaster((master) => adminHook.observe({ ...context, master, tenantId: wanted.tenantId })),
    );
    if (found === undefined || found.adminId === "") return undefined;
    const real = { ...wanted, email: found.email };
    return { inputs: real, outputs: { ...real, adminId: found.adminId, invitationId: found.invitationId } };
  },
  // What is in the tenant's database goes with it; the link in master's outbox must not be sent any more.
  delete: async ({ outputs }, run) => {
    await run.access.withMaster((client) => revokeInvitations(client, outputs.tenantId));
    run.point("revoked");
  },
};

async function seed(inputs: AdminInputs, run: Run, isCreate: boolean): Promise<AdminOutputs> {
  const outcome = await inTenantDatabase(inputs, run, (context) =>
    run.access.withMaster((master) =>
      adminHook.apply({ ...context, master, tenantId: inputs.tenantId }, inputs),
    ),
  );
  run.point("applied");
  // A create may find its work done by a run that was killed before it could say so.
  if (outcome.hasChanged || isCreate) await markPhase(run, inputs.tenantId, "admin_seeded");
  return { ...inputs, adminId: outcome.adminId, invitationId: outcome.invitationId };
}

/** Another email keeps the admin and gets another invitation. */
function predictIds(
  news: Previewed<AdminInputs>,
  known: Known<AdminInputs, AdminOutputs> | undefined,
): Pick<Previewed<AdminOutputs>, "adminId" | "invitationId"> {
  if (known === undefined) return { adminId: UNKNOWN, invitationId: UNKNOWN };
  const { adminId, invitationId } = known.outputs;
  return { adminId, invitationId: news.email === known.inputs.email ? invitationId : UNKNOWN };
}
