import type resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import { refuse } from "./errors.ts";
import type { AliasSpec } from "./goal.ts";
import type { CustomTimeouts } from "./state.ts";
import { outputDependencies, type PropertyMap } from "./value.ts";

/** Refuses options of a registration that this engine doesn't have, by name. */
export function refuseUnsupported(request: resourcePb.RegisterResourceRequest): void {
  const hooks = request.getHooks();
  const used: readonly (readonly [string, boolean])[] = [
    ["remote components", request.getRemote()],
    ["the option 'transforms'", request.getTransformsList().length > 0],
    [
      "the option 'hooks'",
      hooks !== undefined && Object.values(hooks.toObject()).some((list) => list.length > 0),
    ],
    ["the option 'replacementTrigger'", request.getReplacementTrigger() !== undefined],
    ["the option 'hideDiffs'", request.getHidediffsList().length > 0],
    ["the option 'envVarMappings'", request.getEnvvarmappingsMap().getLength() > 0],
    ["parameterized packages", request.getPackageref() !== ""],
    ["plugin checksums", request.getPluginchecksumsMap().getLength() > 0],
  ];
  for (const [what, isUsed] of used) {
    if (isUsed) throw refuse(`${what} (resource '${request.getName()}' of type '${request.getType()}')`);
  }
}

/** All aliases of a request, in its order. */
export function aliasesOf(request: resourcePb.RegisterResourceRequest): readonly AliasSpec[] {
  const none = { urn: "", name: "", type: "", stack: "", project: "", parent: "", noParent: false };
  const urns = request.getAliasurnsList().map((urn) => ({ ...none, urn }));
  const specs = request.getAliasesList().map((alias) => {
    const spec = alias.getSpec();
    if (spec === undefined) return { ...none, urn: alias.getUrn() };
    return {
      urn: "",
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      parent: spec.getParenturn(),
      noParent: spec.getNoparent(),
    };
  });
  return [...urns, ...specs];
}

/** Which resources each property comes from, those of output values included. */
export function propertyDependenciesOf(
  request: resourcePb.RegisterResourceRequest,
  properties: PropertyMap,
): Record<string, readonly string[]> {
  const map = request.getPropertydependenciesMap();
  const isGiven = map.getLength() > 0;
  const entries = Object.entries(properties).map(([key, value]) => {
    const given = isGiven ? (map.get(key)?.getUrnsList() ?? []) : request.getDependenciesList();
    return [key, [...new Set([...given, ...outputDependencies(value)])].sort()] as const;
  });
  const others = [...map.entries()].filter(([key]: [string, unknown]) => !(key in properties));
  return Object.fromEntries([
    ...entries,
    ...others.map(
      ([key, value]: [string, resourcePb.RegisterResourceRequest.PropertyDependencies]) =>
        [key, value.getUrnsList()] as const,
    ),
  ]);
}

/** Go durations such as `1h2m3.5s` in seconds. */
export function timeoutsOf(request: resourcePb.RegisterResourceRequest): CustomTimeouts {
  const timeouts = request.getCustomtimeouts();
  return {
    create: secondsOf(timeouts?.getCreate()),
    update: secondsOf(timeouts?.getUpdate()),
    delete: secondsOf(timeouts?.getDelete()),
    read: secondsOf(timeouts?.getRead()),
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

function secondsOf(duration: string | undefined): number {
  if (duration === undefined || duration === "") return 0;
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join("") !== duration)
    throw new Error(`unable to parse duration '${duration}'`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit ?? ""] ?? 0), 0);
}
