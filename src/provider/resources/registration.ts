import {
  assertPurgeable,
  readOrganization,
  readRecordById,
  register,
  type TenantRow,
  transition,
} from "../../registry/index.ts";
import type { RegistrationInputs, RegistrationOutputs } from "../../tenant/resources.ts";
import { isNeverActive } from "../deleteLock.ts";
import { waitForEdge } from "../edgeWait.ts";
import { resumeFailed } from "../phases.ts";
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
    return writeRegistration(inputs, run);
  },
  update: (_, news, run) => writeRegistration(news, run),
  read: async ({ inputs }, run) => {
    const wanted = inputs as RegistrationInputs;
    return run.access.withMaster(async (client) => {
      const record = await readRecordById(client, wanted.tenantId);
      if (record === undefined || record.status === "purged" || isNeverActive(record)) return undefined;
      const organization = await readOrganization(client, wanted.tenantId);
      const real = realInputs(record, wanted, organization?.name ?? "");
      return { inputs: real, outputs: real };
    });
  },
  // Decided from master alone, and written before any other resource is touched: a refusal leaves everything.
  delete: async ({ outputs }, run) => {
    await run.access.withMaster(async (client) => {
      const record = await readRecordById(client, outputs.tenantId);
      if (record === undefined || record.status === "purged") return;
      assertPurgeable(record, new Date());
      if (!isNeverActive(record)) await transition(client, record.id, "purging", await run.audited());
    });
    run.point("purging");
  },
};

async function writeRegistration(inputs: RegistrationInputs, run: Run): Promise<RegistrationOutputs> {
  run.point("before register");
  await run.access.withMaster(async (client) => {
    await resumeFailed(client, run, inputs.tenantId);
    await register(client, inputs, await run.audited());
  });
  run.point("registered");
  return inputs;
}

/** An organization of another name, or none, is a difference in `displayName`, which the next run puts right. */
function realInputs(record: TenantRow, wanted: RegistrationInputs, organization: string): RegistrationInputs {
  const { legalName: _, suspendReason: __, ...rest } = wanted;
  const isNamedAlike = organization === record.displayName;
  return {
    ...rest,
    displayName: isNamedAlike ? (record.displayName ?? "") : organization,
    adminEmail: record.adminEmail ?? "",
    plan: record.plan ?? "",
    labels: record.labels,
    settings: record.settings,
    hosts: record.hosts,
    status: realStatus(record.status, wanted.status),
    ...(record.legalName === null ? {} : { legalName: record.legalName }),
    ...(record.status === "suspended" && record.statusReason !== null
      ? { suspendReason: record.statusReason }
      : {}),
  };
}
