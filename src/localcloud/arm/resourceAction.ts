import { setTimeout as sleep } from "node:timers/promises";
import { groupNotFound, resourceNotFound } from "./armError.ts";
import type { Json, JsonMap } from "./armResource.ts";
import type { ArmAction, ArmType, Site } from "./armType.ts";
import { findType } from "./armTypes.ts";
import type { Operations } from "./operations.ts";
import type { ResourceAnswer } from "./resourceHandler.ts";
import { formatId, type ResourceId } from "./resourceId.ts";
import { fitShape } from "./shape.ts";

/** An action of a known type, and the resource that it is asked of. */
export interface NamedAction {
  readonly type: ArmType;
  readonly action: ArmAction;
  readonly id: ResourceId;
}

/** The action that a POST's path names: a resource's id and one word more. Undefined when its type has none of that name. */
export function actionOf(id: ResourceId): NamedAction | undefined {
  if (!id.isCollection) return undefined;
  const segments = id.type.split("/");
  const word = segments.at(-1)?.toLowerCase();
  const type = findType(segments.slice(0, -1).join("/"));
  const [, action] = Object.entries(type?.actions ?? {}).find(([name]) => name.toLowerCase() === word) ?? [];
  return type === undefined || action === undefined ? undefined : { type, action, id };
}

/** Checks, answers 202 and goes on behind an operation, after as long as operations are told to take. */
export async function startAction(
  site: Site,
  operations: Operations,
  { type, action, id }: NamedAction,
  body: Json,
): Promise<ResourceAnswer> {
  const group = formatId(id.subscriptionId, id.group, "Microsoft.Resources/resourceGroups", []);
  if (site.state.get(group) === undefined) throw groupNotFound(id.group);
  const resource = site.state.get(formatId(id.subscriptionId, id.group, type.type, id.names));
  if (resource === undefined) throw resourceNotFound(type.type, id.names.join("/"), id.group);
  const call = { site, resource, body: fitShape(body ?? {}, action.body) as JsonMap };
  action.check?.(call);
  const operation = operations.start(async () => {
    await sleep(site.settings.operationDelayMs);
    await action.run(call);
  });
  return { status: 202, operation };
}
