import { AFDCustomDomain } from "@pulumi/azure-native/cdn/afdcustomDomain.js";
import { Route } from "@pulumi/azure-native/cdn/route.js";
import { RecordSet } from "@pulumi/azure-native/dns/recordSet.js";
import * as pulumi from "@pulumi/pulumi";
import {
  cnameRecordName,
  domainNames,
  markerOf,
  routeName,
  validationRecordName,
} from "../tenant/edgeNames.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import type { TenantKey } from "../tenant/resources.ts";
import { type InputsOf, madeOr } from "./inputs.ts";
import type { PlatformOutputs } from "./platformOutputs.ts";
import type { Sequence } from "./sequence.ts";

/** Of a domain that isn't there. */
const NO_VALIDATION = { expirationDate: "", validationToken: "" };

/** What a tenant's way in is made from. */
export interface TenantEdgeArgs extends InputsOf<TenantKey> {
  readonly slug: string;
  /** The tenant's hosts: its own, `<slug>.<zone>`, then the customer's. */
  readonly hosts: readonly string[];
  readonly config: EnvironmentConfig;
  readonly platform: PlatformOutputs;
}

/** How long a resolver may keep a tenant's records. */
const RECORD_TTL_SECONDS = 300;

/**
 * `perTenant` mode: a domain for each host and a route of the tenant's own, then the records that prove and point to them.
 * The CNAME comes last so that it goes first: Azure refuses to delete a domain that a CNAME still points at.
 */
export function openEdge(args: TenantEdgeArgs, sequence: Sequence): void {
  const domain = addDomainsAndRoute(args, sequence);
  const { slug, config, platform } = args;
  const shared = {
    resourceGroupName: config.resourceGroup,
    zoneName: config.zone,
    ttl: RECORD_TTL_SECONDS,
    metadata: pulumi.output({ stack: args.stack, slug, tenantId: args.tenantId }).apply(markerOf),
  };
  const token = madeOr(domain.validationProperties, NO_VALIDATION).apply((made) => made.validationToken);
  sequence.add(
    (options) =>
      new RecordSet(
        `${slug}-txt`,
        {
          ...shared,
          relativeRecordSetName: validationRecordName(slug),
          recordType: "TXT",
          txtRecords: [{ value: [token] }],
        },
        options,
      ),
  );
  sequence.add(
    (options) =>
      new RecordSet(
        `${slug}-cname`,
        {
          ...shared,
          relativeRecordSetName: cnameRecordName(slug),
          recordType: "CNAME",
          cnameRecord: { cname: platform.endpointHost },
        },
        options,
      ),
  );
}

/** Answers the domain of the tenant's own host. A domain that nobody has proven yet waits on the route and serves nothing. */
function addDomainsAndRoute(args: TenantEdgeArgs, sequence: Sequence): AFDCustomDomain {
  const { slug, hosts, config, platform } = args;
  const place = { resourceGroupName: config.resourceGroup, profileName: config.frontDoor.profile };
  const domains = domainNames(slug, hosts).map(({ host, name: customDomainName }, at) =>
    sequence.add(
      (options) =>
        new AFDCustomDomain(
          at === 0 ? `${slug}-domain` : `${slug}-domain-${host}`,
          {
            ...place,
            customDomainName,
            hostName: host,
            tlsSettings: { certificateType: "ManagedCertificate", minimumTlsVersion: "TLS12" },
          },
          options,
        ),
    ),
  );
  const [own] = domains;
  if (own === undefined) throw new Error(`tenant '${slug}' has no host`);
  sequence.add(
    (options) =>
      new Route(
        `${slug}-route`,
        {
          ...place,
          endpointName: config.frontDoor.endpoint,
          routeName: routeName(slug),
          originGroup: { id: platform.originGroupId },
          customDomains: domains.map(({ id }) => ({ id })),
          patternsToMatch: ["/*"],
          supportedProtocols: ["Http", "Https"],
          forwardingProtocol: "MatchRequest",
          httpsRedirect: "Disabled",
          linkToDefaultDomain: "Disabled",
          enabledState: "Enabled",
        },
        options,
      ),
  );
  return own;
}
