import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ArmError, groupBeingDeleted } from "../armError.ts";
import { type ArmResource, text } from "../armResource.ts";
import type { ArmType, PutCall, Site, StoredCall } from "../armType.ts";
import { removeNow, unfinishedState, withProperties } from "../lifecycle.ts";
import { plainLocation } from "../location.ts";
import { asArmError } from "../operations.ts";
import { GROUP_TYPE } from "../resourceId.ts";
import { DELETED_VAULT_TYPE } from "./deletedVault.ts";

/** How long a deletion waits before it looks again at what is still being made or deleted. */
const BUSY_POLL_MS = 50;

/** A resource group; its deletion asks everything in it, in an order that refusals allow. */
export const resourceGroup: ArmType = {
  type: GROUP_TYPE,
  apiVersions: ["2021-04-01", "2022-09-01", "2024-03-01", "2025-04-01"],
  name: { pattern: /^[\w().-]{0,89}[\w()-]$/, rule: "letters, digits and ._-() up to 90, no dot at the end" },
  envelope: { "location!": "string", tags: "map", managedBy: "string" },
  properties: { provisioningState: "readOnly" },
  isPropertiesRequired: false,
  isAsync: true,
  isPutSynchronous: true,
  hasLocation: true,
  stateAfterFailedRemove: "Succeeded",
  busy: groupBeingDeleted,
  put: (call) => {
    refuseMove(call);
    const { envelope, existing } = call;
    return {
      envelope: { ...envelope, location: existing?.envelope.location ?? envelope.location ?? "" },
      properties: {},
    };
  },
  remove: removeContents,
};

/** A group stays where it was made. */
function refuseMove({ envelope, existing }: PutCall): void {
  const [old, wanted] = [text(existing?.envelope, "location"), text(envelope, "location") ?? ""];
  if (old === undefined || plainLocation(old) === plainLocation(wanted)) return;
  throw new ArmError(
    409,
    "InvalidResourceGroupLocation",
    `Invalid resource group location '${wanted}'. The Resource group already exists in location '${old}'.`,
  );
}

/**
 * Deletes round after round, the deepest first, as long as something goes: what one resource refuses today another's
 * deletion may allow. Throws `ResourceGroupDeletionBlocked` with every reason once nothing moves any more.
 */
async function removeContents({ site, resource: group }: StoredCall): Promise<void> {
  for (;;) {
    const outcomes: { readonly id: string; readonly outcome: Outcome }[] = [];
    for (const { id } of contentsOf(site, group)) outcomes.push({ id, outcome: await tryRemove(site, id) });
    if (outcomes.length === 0) return;
    if (outcomes.some(({ outcome }) => outcome === "gone")) continue;
    if (!outcomes.some(({ outcome }) => outcome === "busy")) throw blocked(group, outcomes);
    await sleep(BUSY_POLL_MS);
  }
}

/** Everything in the group, the deepest first; a softly deleted vault outlives it. */
function contentsOf({ state }: Site, group: ArmResource): readonly ArmResource[] {
  const depth = ({ id }: ArmResource) => id.split("/").length;
  return state
    .below(group.id)
    .filter(({ type }) => type !== DELETED_VAULT_TYPE)
    .sort((a, b) => depth(b) - depth(a));
}

/** `busy`: something else is being done to it. An error: its type refused, or its removal failed. */
type Outcome = "busy" | "gone" | ArmError;

/** Deletes one resource as its own DELETE would. */
async function tryRemove(site: Site, id: string): Promise<Outcome> {
  try {
    const claimed = await site.state.exclusively(() => claim(site, id));
    if (typeof claimed === "string") return claimed;
    await removeNow(site.typeOf(claimed), { site, resource: claimed });
    return "gone";
  } catch (error) {
    return asArmError(error);
  }
}

/** Checks a resource and takes it away, or marks one with a slow removal as `Deleting` and answers it. */
async function claim(site: Site, id: string): Promise<"busy" | "gone" | ArmResource> {
  const resource = site.state.get(id);
  if (resource === undefined) return "gone";
  if (unfinishedState(resource) !== undefined) return "busy";
  const type = site.typeOf(resource);
  type.checkRemove?.({ site, resource });
  if (type.isAsync && type.remove !== undefined) {
    await site.state.set(withProperties(resource, { provisioningState: "Deleting" }));
    return resource;
  }
  await type.remove?.({ site, resource });
  await site.state.delete(resource.id);
  return "gone";
}

function blocked(
  { name }: ArmResource,
  outcomes: readonly { readonly id: string; readonly outcome: Outcome }[],
): ArmError {
  const refusals = outcomes.flatMap(({ id, outcome }) =>
    outcome instanceof ArmError ? [{ id, outcome }] : [],
  );
  const identifiers = refusals.map(({ id }) => id.replace(/^.*\/providers\//i, "")).join(",");
  return new ArmError(
    409,
    "ResourceGroupDeletionBlocked",
    `Deletion of resource group '${name}' failed as resources with identifiers '${identifiers}' could not be deleted. ` +
      `The provisioning state of the resource group will be rolled back. The tracking Id is '${randomUUID()}'. ` +
      "Please check audit logs for more details.",
    refusals.map(({ id, outcome }) => ({ target: id, message: JSON.stringify(outcome.body()) })),
  );
}
