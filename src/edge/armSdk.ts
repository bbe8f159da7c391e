/** Azure's SDK clients (300 ms to load): imported on first use, and as one module, which bundles as it runs. */
export { CdnManagementClient } from "@azure/arm-cdn";
export { DnsManagementClient } from "@azure/arm-dns";
export { DefaultAzureCredential } from "@azure/identity";
