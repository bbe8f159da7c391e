import { AFDEndpoint } from "@pulumi/azure-native/cdn/afdendpoint.js";
import { AFDOrigin } from "@pulumi/azure-native/cdn/afdorigin.js";
import { AFDOriginGroup } from "@pulumi/azure-native/cdn/afdoriginGroup.js";
import { Profile } from "@pulumi/azure-native/cdn/profile.js";
import { Route } from "@pulumi/azure-native/cdn/route.js";
import { Zone } from "@pulumi/azure-native/dns/zone.js";
import type * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";

/** What tenants' routes and records hang on. */
export interface PlatformEdge {
  readonly zone: Zone;
  readonly endpoint: AFDEndpoint;
  readonly originGroup: AFDOriginGroup;
  readonly origin: AFDOrigin;
  /** Serves the endpoint's own host: there a path prefix names the tenant. */
  readonly route: Route;
}

/** Physical names inside the profile; one application serves every tenant, so one group with one origin. */
const ORIGIN_GROUP = "tenants";
const ORIGIN = "application";
const ROUTE = "shared";

/** Front Door and DNS zones belong to no region. */
const GLOBAL = "Global";

/** Zone, Front Door profile, endpoint, and the origin that serves every tenant. `group` is the resource group's name. */
export function declareEdge(
  config: EnvironmentConfig,
  group: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): PlatformEdge {
  const zone = new Zone(
    "platform-zone",
    { resourceGroupName: group, zoneName: config.zone, location: GLOBAL, zoneType: "Public" },
    { ...options, protect: true },
  );
  const profile = new Profile(
    "platform-profile",
    {
      resourceGroupName: group,
      profileName: config.frontDoor.profile,
      location: GLOBAL,
      sku: { name: "Standard_AzureFrontDoor" },
    },
    options,
  );
  const inProfile = { resourceGroupName: group, profileName: profile.name };
  const endpoint = new AFDEndpoint(
    "platform-endpoint",
    {
      ...inProfile,
      endpointName: config.frontDoor.endpoint,
      location: GLOBAL,
      enabledState: "Enabled",
    },
    options,
  );
  const { originGroup, origin } = declareOrigin(config, inProfile, options);
  const route = new Route(
    "platform-route",
    {
      ...inProfile,
      endpointName: config.frontDoor.endpoint,
      routeName: ROUTE,
      originGroup: { id: originGroup.id },
      patternsToMatch: ["/*"],
      supportedProtocols: ["Http", "Https"],
      forwardingProtocol: "MatchRequest",
      httpsRedirect: "Disabled",
      linkToDefaultDomain: "Enabled",
      enabledState: "Enabled",
    },
    // Azure makes no route to a group without an enabled origin.
    { ...options, dependsOn: [endpoint, origin] },
  );
  return { zone, endpoint, originGroup, origin, route };
}

/** No `originHostHeader`: the origin then sees the host that was asked for, and so knows the tenant. */
function declareOrigin(
  config: EnvironmentConfig,
  inProfile: { readonly resourceGroupName: pulumi.Input<string>; readonly profileName: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): Pick<PlatformEdge, "originGroup" | "origin"> {
  const originGroup = new AFDOriginGroup(
    "platform-origin-group",
    {
      ...inProfile,
      originGroupName: ORIGIN_GROUP,
      loadBalancingSettings: {
        sampleSize: 4,
        successfulSamplesRequired: 3,
        additionalLatencyInMilliseconds: 50,
      },
    },
    options,
  );
  const origin = new AFDOrigin(
    "platform-origin",
    {
      ...inProfile,
      originGroupName: originGroup.name,
      originName: ORIGIN,
      hostName: config.frontDoor.originHost,
      httpPort: 80,
      httpsPort: 443,
      priority: 1,
      weight: 1000,
      enabledState: "Enabled",
      enforceCertificateNameCheck: true,
    },
    options,
  );
  return { originGroup, origin };
}
