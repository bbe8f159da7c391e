import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { rootCertificates } from "node:tls";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";
import pg from "pg";
import type { Workspace } from "./workspace.ts";

/** `tenantry local env --json` of a workspace. */
export interface Environment {
  readonly arm: { readonly url: string };
  readonly keyVault: { readonly url: string };
  readonly platformVault: { readonly url: string };
  readonly identity: { readonly endpoint: string; readonly header: string };
  readonly dns: { readonly host: string; readonly port: number; readonly zone: string };
  readonly frontDoor: { readonly url: string };
  readonly postgres: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly master: { readonly url: string };
  readonly backend: { readonly url: string };
  readonly ca: string;
  readonly providers: string;
  readonly home: string;
}

/** Reads a workspace's addresses; starts its local cloud where it isn't up. */
export async function readEnvironment(workspace: Workspace): Promise<Environment> {
  const { code, stdout, stderr } = await workspace.tenantry(["local", "env", "--json"]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Environment;
}

/** The unchanged SDK client of a vault, as an application would make it. */
export function secretClient(environment: Environment, url: string): SecretClient {
  process.env.IDENTITY_ENDPOINT = environment.identity.endpoint;
  process.env.IDENTITY_HEADER = environment.identity.header;
  const ca = [readFileSync(environment.ca, "utf8"), ...rootCertificates].join("\n");
  return new SecretClient(url, new DefaultAzureCredential(), {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca },
  });
}

/** A tenant's `postgres://` URL, read from the tenants' vault. */
export async function tenantUrl(environment: Environment, slug: string): Promise<string> {
  const { value } = await secretClient(environment, environment.keyVault.url).getSecret(`tenant-db-${slug}`);
  return value ?? "";
}

/** Rows of one statement on a connection of its own. */
export async function query(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** The same URL on another database. */
export function onDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.href;
}

/** SQLSTATE of a refused login. */
export async function loginRefusal(url: string): Promise<string | undefined> {
  try {
    await query(url, "SELECT 1");
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** CNAME of a host by the local name server. */
export async function cname(environment: Environment, host: string): Promise<readonly string[]> {
  const resolver = new Resolver();
  resolver.setServers([`${environment.dns.host}:${environment.dns.port}`]);
  return resolver.resolveCname(host);
}

/** What Front Door answers for a host. */
export function ask(
  environment: Environment,
  host: string,
  path = "/",
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(environment.frontDoor.url, { path, headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end();
  });
}
