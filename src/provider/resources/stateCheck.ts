import { UserError } from "../../tenant/errors.ts";
import type { StateCheckInputs, StateCheckOutputs } from "../../tenant/resources.ts";
import { assertEdgeRoom } from "../edgeRoom.ts";
import { markPhase } from "../phases.ts";
import { isKnown } from "../protocol/wire.ts";
import { listFindings, lookEverywhere } from "../reality.ts";
import { NO_TENANT_ID, readOwnRecord } from "../records.ts";
import type { Previewed, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** Compares every place before anything but the reservation exists. Nothing to delete, nothing to drift. */
export const stateCheck: ResourceType<StateCheckInputs, StateCheckOutputs> = {
  name: "StateCheck",
  phase: "state_checked",
  idOf: ({ stack }) => `${stack}/check`,
  predict: async (news, _, run) => {
    if (run.isDryRun) await compareAhead(news, run);
    return news;
  },
  create: compare,
  update: (_, news, run) => compare(news, run),
  read: async ({ inputs, outputs }) => {
    // A check leaves nothing behind: without outputs it is one that never ended.
    if (Object.keys(outputs).length === 0) return undefined;
    return { inputs: inputs as StateCheckInputs, outputs: outputs as StateCheckOutputs };
  },
  delete: async () => undefined,
};

/** In a dry run the record may be known by its slug only, or not be there yet. */
async function compareAhead(news: Previewed<StateCheckInputs>, run: Run): Promise<void> {
  if (!isKnown(news.server)) {
    await run.warn("the state isn't compared: the server is unknown while master can't be asked.");
    return;
  }
  const inputs = news as StateCheckInputs;
  const record = await run.access.withMasterReader((client) => readOwnRecord(client, inputs));
  await assertNoStrangers({ ...inputs, tenantId: record?.id ?? NO_TENANT_ID }, run);
}

async function compare(inputs: StateCheckInputs, run: Run): Promise<StateCheckOutputs> {
  await assertNoStrangers(inputs, run);
  await assertEdgeRoom(inputs.slug, inputs.hosts, run);
  await markPhase(run, inputs.tenantId, "state_checked");
  return inputs;
}

async function assertNoStrangers(inputs: StateCheckInputs, run: Run): Promise<void> {
  const strangers = (await lookEverywhere(inputs, run)).filter(({ isOurs }) => !isOurs);
  if (strangers.length === 0) return;
  throw new UserError(
    "E_PARTIAL_STATE",
    `Tenant '${inputs.slug}': ${listFindings(strangers)} without the marker of this record; expected nothing of these names.`,
    { hint: "Find out whose these are; rename or remove them, or choose another slug." },
  );
}
