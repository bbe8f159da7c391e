import { setTimeout as sleep } from "node:timers/promises";
import type { ArmResource, JsonMap } from "./armResource.ts";
import type { ArmType, StoredCall } from "./armType.ts";
import type { Operations } from "./operations.ts";

/** States of a resource that something is being done to. */
const UNFINISHED = ["Creating", "Updating", "Deleting"] as const;

/** What is being done to a resource; undefined for one that is at rest. */
export function unfinishedState({
  properties,
}: Pick<ArmResource, "properties">): (typeof UNFINISHED)[number] | undefined {
  return UNFINISHED.find((state) => state === properties.provisioningState);
}

/** Takes up again what a restart interrupted: every resource that is still being made, changed or deleted. */
export function resumeResource(type: ArmType, call: StoredCall, operations: Operations): void {
  const state = unfinishedState(call.resource);
  if (state === "Deleting") operations.start(() => finishRemove(type, call));
  if (state === "Creating" || state === "Updating") operations.start(() => finishPut(type, call));
}

/** The slow part of a PUT, and the state that it ends in. */
export async function finishPut(type: ArmType, call: StoredCall): Promise<void> {
  const { site, resource } = call;
  await sleep(site.settings.operationDelayMs);
  try {
    const properties = (await type.finish?.(call)) ?? {};
    await site.state.set(withProperties(resource, { ...properties, provisioningState: "Succeeded" }));
  } catch (error) {
    await site.state.set(withProperties(resource, { provisioningState: "Failed" }));
    throw error;
  }
}

/** The slow part of a DELETE; the resource is forgotten, or says that it failed. */
export async function finishRemove(type: ArmType, call: StoredCall): Promise<void> {
  await sleep(call.site.settings.operationDelayMs);
  await removeNow(type, call);
}

/** As `finishRemove`, without the pace of an operation of its own. */
export async function removeNow(type: ArmType, call: StoredCall): Promise<void> {
  const { site, resource } = call;
  try {
    await type.remove?.(call);
    await site.state.delete(resource.id);
  } catch (error) {
    const provisioningState = type.stateAfterFailedRemove ?? "Failed";
    await site.state.set(withProperties(resource, { provisioningState }));
    throw error;
  }
}

/** The resource with some of its properties replaced. */
export function withProperties(resource: ArmResource, properties: JsonMap): ArmResource {
  return { ...resource, properties: { ...resource.properties, ...properties } };
}
