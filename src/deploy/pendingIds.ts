import type { Properties } from "./deployEvents.ts";

/** ARM types of the program's Azure resources, and the inputs that name each segment. */
const ARM_TYPES: Readonly<Record<string, { readonly path: string; readonly names: readonly string[] }>> = {
  "azure-native:resources:ResourceGroup": { path: "", names: [] },
  "azure-native:keyvault:Vault": { path: "Microsoft.KeyVault/vaults", names: ["vaultName"] },
  "azure-native:dns:Zone": { path: "Microsoft.Network/dnsZones", names: ["zoneName"] },
  "azure-native:cdn:Profile": { path: "Microsoft.Cdn/profiles", names: ["profileName"] },
  "azure-native:cdn:AFDEndpoint": {
    path: "Microsoft.Cdn/profiles/afdEndpoints",
    names: ["profileName", "endpointName"],
  },
  "azure-native:cdn:AFDOriginGroup": {
    path: "Microsoft.Cdn/profiles/originGroups",
    names: ["profileName", "originGroupName"],
  },
  "azure-native:cdn:AFDOrigin": {
    path: "Microsoft.Cdn/profiles/originGroups/origins",
    names: ["profileName", "originGroupName", "originName"],
  },
  "azure-native:cdn:AFDCustomDomain": {
    path: "Microsoft.Cdn/profiles/customDomains",
    names: ["profileName", "customDomainName"],
  },
  "azure-native:cdn:Route": {
    path: "Microsoft.Cdn/profiles/afdEndpoints/routes",
    names: ["profileName", "endpointName", "routeName"],
  },
  "azure-native:dbforpostgresql:Server": {
    path: "Microsoft.DBforPostgreSQL/flexibleServers",
    names: ["serverName"],
  },
};

/**
 * The id that a cut-off create would have got; undefined where nothing outside state is made (`random:*`) or making it
 * again is the same as having made it (`postgresql:*` grants). Every physical name is an input, so nothing is guessed.
 */
export function idOfPendingCreate(
  type: string,
  inputs: Properties,
  providerConfig: Properties,
): string | undefined {
  if (type.startsWith("azure-native:"))
    return armIdOf(type, inputs, String(providerConfig.subscriptionId ?? ""));
  if (type === "postgresql:index/role:Role" || type === "postgresql:index/database:Database") {
    return String(inputs.name);
  }
  return undefined;
}

/** Whether what was found is this stack's: a marker among the inputs must be the found one's too. */
export function isMarkedOurs(inputs: Properties, found: Properties): boolean {
  const { metadata } = inputs;
  if (typeof metadata !== "object" || metadata === null) return true;
  const real = (found.metadata ?? {}) as Properties;
  return Object.entries(metadata).every(([key, value]) => real[key] === value);
}

function armIdOf(type: string, inputs: Properties, subscriptionId: string): string | undefined {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${String(inputs.resourceGroupName)}`;
  if (type === "azure-native:dns:RecordSet") {
    const { zoneName, recordType, relativeRecordSetName } = inputs;
    const zone = `${group}/providers/Microsoft.Network/dnsZones/${String(zoneName)}`;
    return `${zone}/${String(recordType)}/${String(relativeRecordSetName)}`;
  }
  const known = ARM_TYPES[type];
  if (known === undefined) return undefined;
  if (known.names.length === 0) return group;
  const [namespace, ...segments] = known.path.split("/");
  const named = segments.map((segment, index) => `/${segment}/${String(inputs[known.names[index] ?? ""])}`);
  return `${group}/providers/${namespace}${named.join("")}`;
}
