import { GROUP, SUBSCRIPTION } from "../arm/harness.ts";
import { inGroup, PROFILE, ZONE } from "./azureBench.ts";
import type { Bag } from "./pluginClient.ts";

/** One thing that somebody changes by hand. */
export interface HandChange {
  /** Where it stands in the resource's document in Resource Manager. */
  readonly wire: string;
  readonly to: unknown;
  /** How the plan shows it; default: an update of the row's own path. */
  readonly plan?: Readonly<Record<string, string>>;
}

/** A resource with every input that its type has here, and what may happen to each. */
export interface DriftSample {
  readonly title: string;
  /** Type's token without `azure-native:`. */
  readonly type: string;
  readonly id: string;
  readonly inputs: Bag;
  /** By input path. */
  readonly byHand: Readonly<Record<string, HandChange>>;
  /** Inputs that nobody changes on a resource that is there: Azure refuses it, or one value alone is supported here. */
  readonly fixed: readonly string[];
  /** Inputs that Resource Manager never answers. */
  readonly unseen?: readonly string[];
}

const inProfile = { ...inGroup, profileName: "p" };
const inZone = { ...inGroup, zoneName: "local.test" };
const RECORD = { ttl: 300, metadata: { owner: "me" } };
const RECORD_BY_HAND = {
  ttl: { wire: "properties.TTL", to: 5 },
  "metadata.owner": { wire: "properties.metadata.owner", to: "you" },
};

/** Every azure-native type of the platform's and the tenants' stacks. */
export const AZURE_DRIFT: readonly DriftSample[] = [
  {
    title: "resource group",
    type: "resources:ResourceGroup",
    id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/drift`,
    inputs: { resourceGroupName: "drift", location: "westeurope", managedBy: "us", tags: { a: "b" } },
    byHand: { managedBy: { wire: "managedBy", to: "them" }, "tags.a": { wire: "tags.a", to: "c" } },
    fixed: ["location"],
  },
  {
    title: "vault",
    type: "keyvault:Vault",
    id: `${GROUP}/providers/Microsoft.KeyVault/vaults/kv-drift`,
    inputs: {
      ...inGroup,
      vaultName: "kv-drift",
      location: "westeurope",
      tags: { a: "b" },
      properties: {
        tenantId: "t",
        sku: { family: "A", name: "standard" },
        enableRbacAuthorization: true,
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        publicNetworkAccess: "enabled",
        enabledForDeployment: false,
        enabledForDiskEncryption: false,
        enabledForTemplateDeployment: false,
      },
    },
    byHand: {
      "tags.a": { wire: "tags.a", to: "c" },
      "properties.tenantId": { wire: "properties.tenantId", to: "u" },
      "properties.sku.name": { wire: "properties.sku.name", to: "premium" },
      "properties.enableRbacAuthorization": { wire: "properties.enableRbacAuthorization", to: false },
      "properties.publicNetworkAccess": { wire: "properties.publicNetworkAccess", to: "disabled" },
      "properties.enabledForDeployment": { wire: "properties.enabledForDeployment", to: true },
      "properties.enabledForDiskEncryption": { wire: "properties.enabledForDiskEncryption", to: true },
      "properties.enabledForTemplateDeployment": {
        wire: "properties.enabledForTemplateDeployment",
        to: true,
      },
    },
    fixed: [
      "location",
      "properties.sku.family",
      "properties.enableSoftDelete",
      "properties.enablePurgeProtection",
      "properties.softDeleteRetentionInDays",
    ],
  },
  {
    title: "zone",
    type: "dns:Zone",
    id: `${GROUP}/providers/Microsoft.Network/dnszones/drift.test`,
    inputs: { ...inGroup, zoneName: "drift.test", location: "Global", zoneType: "Public", tags: { a: "b" } },
    byHand: { "tags.a": { wire: "tags.a", to: "c" } },
    fixed: ["location", "zoneType"],
  },
  {
    title: "A record set",
    type: "dns:RecordSet",
    id: `${ZONE}/A/drift`,
    inputs: {
      ...inZone,
      ...RECORD,
      relativeRecordSetName: "drift",
      recordType: "A",
      aRecords: [{ ipv4Address: "127.0.0.1" }],
    },
    byHand: {
      ...RECORD_BY_HAND,
      "aRecords[0].ipv4Address": { wire: "properties.ARecords.0.ipv4Address", to: "127.0.0.2" },
    },
    fixed: [],
  },
  {
    title: "CNAME record set",
    type: "dns:RecordSet",
    id: `${ZONE}/CNAME/drift`,
    inputs: {
      ...inZone,
      ...RECORD,
      relativeRecordSetName: "drift",
      recordType: "CNAME",
      cnameRecord: { cname: "e.z01.azurefd.net" },
    },
    byHand: {
      ...RECORD_BY_HAND,
      "cnameRecord.cname": { wire: "properties.CNAMERecord.cname", to: "elsewhere.test" },
    },
    fixed: [],
  },
  {
    title: "TXT record set",
    type: "dns:RecordSet",
    id: `${ZONE}/TXT/_dnsauth.drift`,
    inputs: {
      ...inZone,
      ...RECORD,
      relativeRecordSetName: "_dnsauth.drift",
      recordType: "TXT",
      txtRecords: [{ value: ["token"] }],
    },
    byHand: {
      ...RECORD_BY_HAND,
      "txtRecords[0].value[0]": { wire: "properties.TXTRecords.0.value.0", to: "other" },
    },
    fixed: [],
  },
  {
    title: "profile",
    type: "cdn:Profile",
    id: `${GROUP}/providers/Microsoft.Cdn/profiles/drift`,
    inputs: {
      ...inGroup,
      profileName: "drift",
      location: "Global",
      sku: { name: "Standard_AzureFrontDoor" },
      originResponseTimeoutSeconds: 60,
      tags: { a: "b" },
    },
    byHand: {
      "tags.a": { wire: "tags.a", to: "c" },
      originResponseTimeoutSeconds: { wire: "properties.originResponseTimeoutSeconds", to: 30 },
    },
    fixed: ["location", "sku"],
  },
  {
    title: "endpoint",
    type: "cdn:AFDEndpoint",
    id: `${PROFILE}/afdEndpoints/drift`,
    inputs: {
      ...inProfile,
      endpointName: "drift",
      location: "Global",
      enabledState: "Enabled",
      autoGeneratedDomainNameLabelScope: "TenantReuse",
      tags: { a: "b" },
    },
    byHand: {
      "tags.a": { wire: "tags.a", to: "c" },
      enabledState: { wire: "properties.enabledState", to: "Disabled" },
      ...sameNamed("", { autoGeneratedDomainNameLabelScope: "NoReuse" }),
    },
    fixed: ["location"],
  },
  {
    title: "origin group",
    type: "cdn:AFDOriginGroup",
    id: `${PROFILE}/originGroups/drift`,
    inputs: {
      ...inProfile,
      originGroupName: "drift",
      loadBalancingSettings: {
        sampleSize: 4,
        successfulSamplesRequired: 3,
        additionalLatencyInMilliseconds: 50,
      },
      healthProbeSettings: {
        probePath: "/",
        probeProtocol: "Http",
        probeRequestType: "HEAD",
        probeIntervalInSeconds: 100,
      },
      sessionAffinityState: "Disabled",
      trafficRestorationTimeToHealedOrNewEndpointsInMinutes: 5,
    },
    byHand: {
      ...sameNamed("loadBalancingSettings", {
        sampleSize: 5,
        successfulSamplesRequired: 2,
        additionalLatencyInMilliseconds: 60,
      }),
      ...sameNamed("healthProbeSettings", {
        probePath: "/up",
        probeProtocol: "Https",
        probeRequestType: "GET",
        probeIntervalInSeconds: 30,
      }),
      ...sameNamed("", { trafficRestorationTimeToHealedOrNewEndpointsInMinutes: 10 }),
    },
    fixed: ["sessionAffinityState"],
  },
  {
    title: "origin",
    type: "cdn:AFDOrigin",
    id: `${PROFILE}/originGroups/g/origins/drift`,
    inputs: {
      ...inProfile,
      originGroupName: "g",
      originName: "drift",
      hostName: "origin.test",
      originHostHeader: "origin.test",
      httpPort: 80,
      httpsPort: 443,
      priority: 1,
      weight: 1000,
      enabledState: "Enabled",
      enforceCertificateNameCheck: true,
    },
    byHand: sameNamed("", {
      hostName: "elsewhere.test",
      originHostHeader: "elsewhere.test",
      httpPort: 8080,
      httpsPort: 8443,
      priority: 2,
      weight: 500,
      enabledState: "Disabled",
      enforceCertificateNameCheck: false,
    }),
    fixed: [],
  },
  {
    title: "custom domain",
    type: "cdn:AFDCustomDomain",
    id: `${PROFILE}/customDomains/drift`,
    inputs: {
      ...inProfile,
      customDomainName: "drift",
      hostName: "drift.local.test",
      tlsSettings: {
        certificateType: "ManagedCertificate",
        minimumTlsVersion: "TLS12",
        cipherSuiteSetType: "TLS12_2022",
      },
      azureDnsZone: { id: ZONE },
      extendedProperties: { a: "b" },
    },
    byHand: {
      ...sameNamed("tlsSettings", { minimumTlsVersion: "TLS13", cipherSuiteSetType: "TLS12_2023" }),
      ...sameNamed("azureDnsZone", { id: `${ZONE}x` }),
      ...sameNamed("extendedProperties", { a: "c" }),
    },
    fixed: ["hostName", "tlsSettings.certificateType"],
  },
  {
    title: "route",
    type: "cdn:Route",
    id: `${PROFILE}/afdEndpoints/e/routes/drift`,
    inputs: {
      ...inProfile,
      endpointName: "e",
      routeName: "drift",
      originGroup: { id: `${PROFILE}/originGroups/g` },
      customDomains: [{ id: `${PROFILE}/customDomains/spare` }],
      patternsToMatch: ["/*"],
      supportedProtocols: ["Http", "Https"],
      forwardingProtocol: "MatchRequest",
      httpsRedirect: "Disabled",
      linkToDefaultDomain: "Disabled",
      enabledState: "Enabled",
      cacheConfiguration: { queryStringCachingBehavior: "UseQueryString" },
    },
    byHand: {
      ...sameNamed("cacheConfiguration", { queryStringCachingBehavior: "IgnoreQueryString" }),
      "customDomains[0]": { wire: "properties.customDomains", to: [], plan: { "customDomains[0]": "add" } },
      "supportedProtocols[1]": {
        wire: "properties.supportedProtocols",
        to: ["Http"],
        plan: { "supportedProtocols[1]": "add" },
      },
      ...sameNamed("originGroup", { id: `${PROFILE}/originGroups/other` }),
      ...sameNamed("", {
        forwardingProtocol: "HttpOnly",
        linkToDefaultDomain: "Enabled",
        enabledState: "Disabled",
      }),
    },
    fixed: ["httpsRedirect", "patternsToMatch"],
  },
  {
    title: "flexible server",
    type: "dbforpostgresql:Server",
    id: `${GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/drift`,
    inputs: {
      ...inGroup,
      serverName: "drift",
      location: "westeurope",
      version: "18",
      administratorLogin: "adm",
      administratorLoginPassword: "x",
      createMode: "Default",
      authConfig: { activeDirectoryAuth: "Disabled", passwordAuth: "Enabled", tenantId: "t" },
      availabilityZone: "1",
      backup: { backupRetentionDays: 7, geoRedundantBackup: "Disabled" },
      highAvailability: { mode: "Disabled" },
      network: { publicNetworkAccess: "Enabled" },
      sku: { name: "Standard_B1ms", tier: "Burstable" },
      storage: { storageSizeGB: 32, autoGrow: "Disabled", iops: 120, tier: "P4", type: "PremiumV2_LRS" },
      tags: { a: "b" },
    },
    byHand: {
      "tags.a": { wire: "tags.a", to: "c" },
      "sku.name": { wire: "sku.name", to: "Standard_D2s_v3" },
      "sku.tier": { wire: "sku.tier", to: "GeneralPurpose" },
      ...sameNamed("authConfig", { tenantId: "u" }),
      ...sameNamed("backup", { backupRetentionDays: 14 }),
      ...sameNamed("network", { publicNetworkAccess: "Disabled" }),
      ...sameNamed("storage", { autoGrow: "Enabled", iops: 240, tier: "P6", type: "Premium_LRS" }),
    },
    fixed: [
      "location",
      "version",
      "administratorLogin",
      "availabilityZone",
      "highAvailability",
      "authConfig.passwordAuth",
      "authConfig.activeDirectoryAuth",
      "backup.geoRedundantBackup",
      // Grows, and never shrinks again.
      "storage.storageSizeGB",
    ],
    unseen: ["administratorLoginPassword", "createMode"],
  },
];

/** Rows of members whose name is the same in the program and in the document's `properties`. */
function sameNamed(inside: string, values: Bag): Record<string, HandChange> {
  const prefix = inside === "" ? "" : `${inside}.`;
  return Object.fromEntries(
    Object.entries(values).map(([name, to]) => [
      `${prefix}${name}`,
      { wire: `properties.${prefix}${name}`, to },
    ]),
  );
}
