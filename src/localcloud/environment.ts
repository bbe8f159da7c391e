import path from "node:path";
import { IDENTITY_VARIABLE, type IdentityName } from "./roles/identities.ts";

/** How to reach the local cloud: what `tenantry local env --json` prints. Holds credentials. */
export interface LocalEnv {
  /** Resource Manager. */
  readonly arm: { readonly url: string };
  /** The tenants' vault. */
  readonly keyVault: { readonly url: string };
  /** The name server, UDP and TCP, and the tenants' zone. */
  readonly dns: { readonly host: string; readonly port: number; readonly zone: string };
  readonly frontDoor: { readonly url: string };
  /** PostgreSQL servers that run. */
  readonly postgres: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** Master's read-write URL with its password; empty before the platform stack is up, and for who may not read it. */
  readonly master: { readonly url: string };
  /** Pulumi's file backend. */
  readonly backend: { readonly url: string };
  /** File with the certificate authority to trust. */
  readonly ca: string;
  /** `azure-native:PORT,postgresql:PORT,random:PORT`; azure-native's port is the identity's own. */
  readonly providers: string;
  readonly platformVault: { readonly url: string };
  /** Who asks with this environment, and where its tokens are. */
  readonly identity: { readonly name: IdentityName; readonly endpoint: string; readonly header: string };
  readonly home: string;
  /** Absolute path of stacks/Pulumi.local.yaml. */
  readonly configFile: string;
  /** Of that file's salt. No secret: nothing outside this machine is reachable with it. */
  readonly passphrase: string;
}

/** Of the committed salt in stacks/Pulumi.local.yaml. */
export const PASSPHRASE = "local";

/** What a bare `pulumi`, an application and our own processes need in their environment to use the local cloud. */
export function environmentVariables(env: LocalEnv): Record<string, string> {
  return {
    PULUMI_BACKEND_URL: env.backend.url,
    PULUMI_CONFIG_PASSPHRASE: env.passphrase,
    PULUMI_DEBUG_PROVIDERS: env.providers,
    PULUMI_OPTION_CONFIG_FILE: env.configFile,
    PULUMI_OPTION_RUN_PROGRAM: "true",
    NODE_EXTRA_CA_CERTS: env.ca,
    IDENTITY_ENDPOINT: env.identity.endpoint,
    IDENTITY_HEADER: env.identity.header,
    [IDENTITY_VARIABLE]: env.identity.name,
    TENANTRY_ARM_URL: env.arm.url,
    TENANTRY_DNS: `${env.dns.host}:${env.dns.port}`,
    TENANTRY_FRONT_DOOR: env.frontDoor.url,
    TENANTRY_MAIL_FOLDER: path.join(env.home, "mail"),
  };
}
