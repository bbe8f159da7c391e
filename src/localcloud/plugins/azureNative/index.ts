import type { Failure, Plugin } from "../rpc/plugin.ts";
import type { ValueMap } from "../rpc/values.ts";
import type { ArmAccess } from "./armClient.ts";
import { type AzureConfig, azureResource } from "./azureResource.ts";
import { AZURE_TYPES } from "./azureTypeTable.ts";

/** `environment` is what the SDK's Provider class fills in by itself. */
const TAKEN = ["subscriptionId", "location", "environment", "version", "__internal"];

/** The `azure-native` plugin for the local cloud's Resource Manager; types and behaviour of 3.28. */
export function azureNativePlugin(access: ArmAccess): Plugin<AzureConfig> {
  return {
    name: "azure-native",
    version: "3.28.0",
    resources: Object.fromEntries(AZURE_TYPES.map((type) => [type.token, azureResource(type)])),
    invokes: {},
    isBridged: false,
    replacingConfig: ["subscriptionId"],
    checkConfig,
    configure: (args) => ({
      access,
      subscriptionId: String(args.subscriptionId),
      location: typeof args.location === "string" ? args.location : undefined,
    }),
  };
}

function checkConfig(args: ValueMap): readonly Failure[] {
  const strange = Object.keys(args).filter((name) => !TAKEN.includes(name));
  const refused = strange.map((property) => ({
    property,
    reason: "the local cloud does not support this setting",
  }));
  if (args.environment !== undefined && args.environment !== "public") {
    refused.push({ property: "environment", reason: "the local cloud stands in for 'public' alone" });
  }
  if (args.subscriptionId === undefined) {
    const reason =
      "set it with `pulumi config set azure-native:subscriptionId <value>`; the local cloud has no `az login` to ask";
    refused.push({ property: "subscriptionId", reason });
  }
  return refused;
}
