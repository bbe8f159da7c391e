import { factsOf } from "../../listeners/index.ts";
import {
  assertPurgeable,
  currentInvitation,
  type OrganizationRow,
  readOpenCalls,
  readOrganization,
  readRecordById,
  register,
  type TenantRow,
  transition,
} from "../../registry/index.ts";
import type { RegistrationInputs, RegistrationOutputs } from "../../tenant/resources.ts";
import { isNeverActive } from "../deleteLock.ts";
import { waitForEdge } from "../edgeWait.ts";
import { announceRecord, announceRegistration, listenersOf, tellOpenCalls } from "../listeners.ts";
import { resumeFailed } from "../phases.ts";
import { requireRecord } from "../records.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { realStatus } from "./tenantRecord.ts";

/** What makes a tenant known: last to come and first to go; the only resource that is protected. */
export const registration: ResourceType<RegistrationInputs, RegistrationOutputs> = {
  name: "Registration",
  immutable: ["slug", "stack", "database", "role", "secretName"],
  ignored: ["edgeWaitMs", "server"],
  idOf: ({ stack }) => `${stack}/registration`,
  predict: async (news) => news,
  create: async (inputs, run) => {
    const [ownHost] = inputs.hosts;
    if (ownHost !== undefined && inputs.status !== "deleted") {
      await waitForEdge(inputs.slug, ownHost, inputs.edgeWaitMs, run);
    }
    return writeRegistration(inputs, undefined, run);
  },
  isFinished: async ({ tenantId }, run) =>
    (await run.access.withMaster((client) => readOpenCalls(client, tenantId))).length === 0,
  update: ({ inputs }, news, run) => writeRegistration(news, inputs, run),
  read: async ({ inputs }, run) => {
    const wanted = inputs as RegistrationInputs;
    return run.access.withMaster(async (client) => {
      const record = await readRecordById(client, wanted.tenantId);
      if (record === undefined || record.status === "purged" || isNeverActive(record)) return undefined;
      const organization = await readOrganization(client, wanted.tenantId);
      const invitation = await currentInvitation(client, wanted.tenantId);
      // Another link that was sent since is as good as the one that this run would let go.
      const invitationId = invitation?.releasedAt == null ? wanted.invitationId : invitation.id;
      const real = realInputs(record, { ...wanted, invitationId }, organization);
      return { inputs: real, outputs: real };
    });
  },
  // Decided from master alone, and written before any other resource is touched: a refusal leaves everything.
  delete: async ({ outputs }, run) => {
    await tellDeleting(outputs.tenantId, run);
    await run.access.withMaster(async (client) => {
      const record = await readRecordById(client, outputs.tenantId);
      if (record === undefined || record.status === "purged") return;
      assertPurgeable(record, new Date());
      if (!isNeverActive(record)) await transition(client, record.id, "purging", await run.audited());
    });
    run.point("purging");
  },
};

async function writeRegistration(
  inputs: RegistrationInputs,
  olds: RegistrationInputs | undefined,
  run: Run,
): Promise<RegistrationOutputs> {
  const { tenantId } = inputs;
  const listeners = {
    onTenantCreated: await listenersOf(run, "onTenantCreated"),
    onTenantUpdated: await listenersOf(run, "onTenantUpdated"),
  };
  run.point("before register");
  await run.access.withMaster(async (client) => {
    await resumeFailed(client, run, tenantId);
    const old = factsOf(
      olds === undefined ? await requireRecord(client, tenantId) : { ...olds, id: tenantId },
    );
    await register(client, inputs, await run.audited(), (outcome) =>
      announceRegistration(client, outcome, { tenantId, old }, listeners),
    );
  });
  run.point("registered");
  await tellOpenCalls(run, tenantId);
  return inputs;
}

/** Before anything is touched, once the record allows the purge; one that has begun asks nobody again. */
async function tellDeleting(tenantId: string, run: Run): Promise<void> {
  const listeners = await listenersOf(run, "onTenantDeleting");
  if (listeners.length === 0) return;
  const isNew = await run.access.withMaster(async (client) => {
    const record = await readRecordById(client, tenantId);
    if (record === undefined || record.status !== "deleted") return false;
    assertPurgeable(record, new Date());
    await announceRecord(client, "onTenantDeleting", record, listeners);
    return true;
  });
  if (isNew) await tellOpenCalls(run, tenantId);
}

/** An organization of another name, or none, is a difference in `displayName`, which the next run puts right. */
function realInputs(
  record: TenantRow,
  wanted: RegistrationInputs,
  organization: OrganizationRow | undefined,
): RegistrationInputs {
  const { legalName: _, suspendReason: __, parent: ___, ...rest } = wanted;
  const name = organization?.name ?? "";
  const isNamedAlike = name === record.displayName;
  return {
    ...rest,
    displayName: isNamedAlike ? (record.displayName ?? "") : name,
    adminEmail: record.adminEmail ?? "",
    plan: record.plan ?? "",
    labels: record.labels,
    settings: record.settings,
    hosts: record.hosts,
    // A delete that was cut off isn't registered as one: the difference makes the next run finish it.
    status: record.status === "deleting" ? "active" : realStatus(record.status, wanted.status),
    ...(organization?.parent === undefined ? {} : { parent: organization.parent }),
    ...(record.legalName === null ? {} : { legalName: record.legalName }),
    ...(record.status === "suspended" && record.statusReason !== null
      ? { suspendReason: record.statusReason }
      : {}),
  };
}
