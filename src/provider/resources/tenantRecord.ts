import type { Client } from "../../postgres/index.ts";
import {
  changeReservation,
  freePlace,
  type ReservationChange,
  readAttachment,
  readRecord,
  readRecordById,
  recordFailure,
  reserveTenant,
  type TenantRow,
  transition,
  writeTombstone,
} from "../../registry/index.ts";
import type { DesiredStatus } from "../../tenant/desired.ts";
import { UserError } from "../../tenant/errors.ts";
import type { RecordStatus, TenantRecordInputs, TenantRecordOutputs } from "../../tenant/resources.ts";
import { isNeverActive } from "../deleteLock.ts";
import { explain, messageOf } from "../failure.ts";
import { removeOtherBackups } from "../finalBackup.ts";
import { isUnreachable } from "../functions.ts";
import { announceRecord, listenersOf, tellOpenCalls } from "../listeners.ts";
import { UNKNOWN } from "../protocol/wire.ts";
import { listFindings, lookEverywhere } from "../reality.ts";
import { hasPassedStateCheck, readOwnRecord, requireRecord } from "../records.ts";
import type { Known, Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** The reservation of slug, id and hosts in master: first to come, last to go. */
export const tenantRecord: ResourceType<TenantRecordInputs, TenantRecordOutputs> = {
  name: "TenantRecord",
  // Role and secret derive from these; naming them too would say everything thrice.
  immutable: ["slug", "stack", "databaseName", "isolation"],
  ignored: ["facts"],
  idOf: ({ stack }) => `${stack}/record`,
  predict: async (news, known, run) => ({ ...news, tenantId: await predictId(news, known, run) }),
  create: async (inputs, run) => {
    // A vault that is away is found out before anything is reserved.
    await run.access.tenantVault.get(inputs.secretName);
    const tenantId = await run.access.withMaster(async (client) => {
      if (inputs.status === "deleted") await assertSomethingToDelete(client, inputs);
      const { record, outcome } = await reserveTenant(client, inputs, await run.audited());
      // A stack whose state was lost finds its record again, with what an earlier entry said of it.
      if (outcome === "found")
        await changeReservation(client, record.id, changeOf(inputs, inputs), await run.audited());
      await steer(client, record, inputs, run);
      return record.id;
    });
    run.point("reserved");
    await tellCreating(inputs, tenantId, run);
    return { ...inputs, tenantId };
  },
  isFinished: async ({ slug }, run) => {
    const record = await run.access.withMaster((client) => readRecord(client, slug));
    const isLive = record !== undefined && record.activeAt !== null;
    return isLive || (await listenersOf(run, "onTenantCreating")).length === 0;
  },
  update: async ({ inputs, outputs: { tenantId } }, news, run) => {
    await run.access.withMaster(async (client) => {
      await changeReservation(client, tenantId, changeOf(inputs, news), await run.audited());
      await steer(client, await requireRecord(client, tenantId), news, run);
    });
    return { ...news, tenantId };
  },
  read: async ({ inputs, outputs }, run) => {
    const record = await run.access.withMaster((client) =>
      outputs.tenantId === undefined
        ? readRecord(client, inputs.slug ?? "")
        : readRecordById(client, outputs.tenantId),
    );
    if (record === undefined || record.status === "purged" || record.stack !== inputs.stack) return undefined;
    const real = realInputs(record, inputs as TenantRecordInputs);
    return { inputs: real, outputs: { ...real, tenantId: record.id } };
  },
  delete: async ({ outputs }, run) => {
    const record = await run.access.withMaster((client) => readRecordById(client, outputs.tenantId));
    if (record === undefined) return;
    if (record.status !== "purged") {
      const listeners = await listenersOf(run, "onTenantDeleted");
      await finishReality(record, run);
      if (!isNeverActive(record)) await removeOtherBackups(record.id, run);
      run.point("before end");
      await run.access.withMaster((client) => endLife(client, record, run, listeners));
      run.point("ended");
    }
    if (!run.isUndo) await tellOpenCalls(run, record.id);
  },
};

/** Whoever says no leaves a reservation and nothing else, with its reason in the record; each new try asks again. */
async function tellCreating({ facts }: TenantRecordInputs, tenantId: string, run: Run): Promise<void> {
  const listeners = await listenersOf(run, "onTenantCreating");
  if (listeners.length === 0) return;
  const isFirst = await run.access.withMaster(async (client) => {
    const record = await requireRecord(client, tenantId);
    if (record.activeAt !== null) return false;
    await announceRecord(client, "onTenantCreating", { ...record, ...facts }, listeners);
    return true;
  });
  if (!isFirst) return;
  try {
    await tellOpenCalls(run, tenantId);
  } catch (error) {
    if (error instanceof UserError && error.code === "E_ILLEGAL_TRANSITION")
      await run.access.withMaster(async (client) =>
        recordFailure(client, tenantId, error.code, error.message, await run.audited()),
      );
    throw error;
  }
}

async function predictId(
  news: Previewed<TenantRecordInputs>,
  known: Known<TenantRecordInputs, TenantRecordOutputs> | undefined,
  run: Run,
): Promise<string | typeof UNKNOWN> {
  if (known !== undefined) return known.outputs.tenantId;
  try {
    const inputs = news as TenantRecordInputs;
    const record = await run.access.withMasterReader((client) => readOwnRecord(client, inputs));
    return record?.id ?? UNKNOWN;
  } catch (error) {
    const told = explain(error);
    if (!isUnreachable(told)) throw told;
    await run.warn(`master can't be asked, so the record is decided at apply: ${messageOf(told)}`);
    return UNKNOWN;
  }
}

async function assertSomethingToDelete(client: Client, inputs: TenantRecordInputs): Promise<void> {
  if ((await readOwnRecord(client, inputs)) !== undefined) return;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${inputs.slug}' has no record and its entry says 'deleted'; expected 'active' or 'suspended' for a new one.`,
  );
}

/** Writes the steps that come first: into `deleting`, and back out of it. All others are Registration's, which comes last. */
async function steer(
  client: Client,
  record: TenantRow,
  { status, suspendReason }: TenantRecordInputs,
  run: Run,
): Promise<void> {
  const isLive = record.status === "active" || record.status === "suspended";
  const next = nextStatus(record.status, isLive, status);
  if (next === undefined) return;
  const options = next === "suspended" && suspendReason !== undefined ? { reason: suspendReason } : {};
  await transition(client, record.id, next, await run.audited(), options);
  run.point(next);
}

function nextStatus(from: RecordStatus, isLive: boolean, wanted: DesiredStatus): RecordStatus | undefined {
  if (wanted === "deleted") return isLive ? "deleting" : undefined;
  return from === "deleting" ? wanted : undefined;
}

function realInputs(record: TenantRow, inputs: TenantRecordInputs): TenantRecordInputs {
  const { suspendReason: _, hold: __, pathPrefix: ___, ...rest } = inputs;
  const { hosts, databaseName, roleName, secretName, isolation, isPurgeConfirmed, retentionDays } = record;
  return {
    ...rest,
    ...{ hosts, databaseName, roleName, secretName, isolation, isPurgeConfirmed, retentionDays },
    status: realStatus(record.status, inputs.status),
    ...suspendReasonOf(record, inputs),
    ...(record.hold ? { hold: true } : {}),
    ...(record.pathPrefix === null ? {} : { pathPrefix: record.pathPrefix }),
  };
}

/** A hold that somebody put into master by hand stays until an entry that said so says no more. */
function changeOf(olds: TenantRecordInputs, news: TenantRecordInputs): ReservationChange {
  const { hosts, isPurgeConfirmed, retentionDays, pathPrefix } = news;
  const change = {
    ...{ hosts, isPurgeConfirmed, retentionDays },
    ...(pathPrefix === undefined ? {} : { pathPrefix }),
  };
  return olds.hold === news.hold ? change : { ...change, hold: news.hold === true };
}

function suspendReasonOf(record: TenantRow, inputs: TenantRecordInputs): { suspendReason?: string } {
  const reason = record.status === "suspended" ? record.statusReason : (inputs.suspendReason ?? null);
  return reason === null ? {} : { suspendReason: reason };
}

/** What an entry would say of a record in this status; before it was active, what the inputs say. */
export function realStatus(status: RecordStatus, fallback: DesiredStatus): DesiredStatus {
  if (status === "active" || status === "suspended") return status;
  return status === "provisioning" || status === "provisioning_failed" ? fallback : "deleted";
}

/** Removes what is left and ours in every real place. Refuses to call a tenant gone while foreign things bear its names. */
async function finishReality(record: TenantRow, run: Run): Promise<void> {
  if (!isNeverActive(record) && record.status !== "purging") throw notPurging(record);
  const mayHaveMade = await run.access.withMaster(
    async (client) =>
      (await hasPassedStateCheck(client, record.id)) ||
      (await readAttachment(client, record.id)) !== undefined,
  );
  // Before StateCheck nothing is made but an attached database's marker; a place that can't be reached must not keep a failed first run alive.
  if (!mayHaveMade) return;
  const findings = await lookEverywhere(subjectOf(record), run);
  const strangers = findings.filter(({ isOurs }) => !isOurs);
  const words = `Tenant '${record.slug}': ${listFindings(strangers)} without the marker of this record`;
  if (strangers.length > 0 && !isNeverActive(record)) throw notOurs(words);
  for (const finding of findings.filter(({ isOurs }) => isOurs)) {
    // A database that somebody made ours no more may still belong to our role.
    const isBound = finding.place === "role" && strangers.some(({ place }) => place === "database");
    if (!isBound) await finding.remove();
  }
  if (strangers.length > 0) await run.warn(`${words}; left alone.`);
}

function notOurs(words: string): UserError {
  return new UserError(
    "E_PARTIAL_STATE",
    `${words}; expected nothing of these names before the purge is called done.`,
    { hint: "Find out whose these are and rename or remove them; then run the destroy again." },
  );
}

function subjectOf(record: TenantRow) {
  const {
    slug,
    stack,
    id: tenantId,
    server,
    databaseName: database,
    roleName: role,
    secretName,
    seededSecrets,
    hosts,
  } = record;
  return { slug, stack, tenantId, server, database, role, secretName, seededSecrets, hosts };
}

/** An undo keeps id and slug for the next try; everything else ends as a tombstone. */
async function endLife(
  client: Client,
  record: TenantRow,
  run: Run,
  listeners: readonly string[],
): Promise<void> {
  if (run.isUndo && isNeverActive(record)) return freePlace(client, record.id);
  // Begun again after a cut, it may have ended already.
  if ((await readRecordById(client, record.id))?.status === "purged") return;
  const audited = await run.audited();
  await transition(client, record.id, "purging", audited);
  await writeTombstone(client, record.id, audited, async () =>
    announceRecord(client, "onTenantDeleted", await requireRecord(client, record.id), listeners),
  );
}

function notPurging(record: TenantRow): UserError {
  return new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${record.slug}' is '${record.status}'; its record ends only after 'purging'.`,
    { hint: `Set 'status: deleted' in tenants/${record.slug}.yaml and run \`up ${record.slug}\` first.` },
  );
}
