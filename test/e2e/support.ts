import { createHash } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join, relative } from "node:path";
import pg from "pg";
import { openVault } from "../../src/vault/index.ts";
import type { Workspace } from "../support/workspace.ts";

/** `tenantry local env --json`. */
export interface LocalEnvironment {
  readonly arm: { readonly url: string };
  readonly keyVault: { readonly url: string };
  readonly dns: { readonly host: string; readonly port: number; readonly zone: string };
  readonly frontDoor: { readonly url: string };
  readonly postgres: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly master: { readonly url: string };
  readonly backend: { readonly url: string };
  readonly ca: string;
  readonly providers: string;
}

/** The workspace's local cloud; this process's own clients then use it. */
export async function enterLocalCloud(workspace: Workspace): Promise<LocalEnvironment> {
  const exports = await workspace.tenantry(["local", "env"]);
  for (const [, name = "", value = ""] of exports.stdout.matchAll(/^export (\w+)='(.*)'$/gm)) {
    if (!name.startsWith("PULUMI_")) process.env[name] = value;
  }
  const json = await workspace.tenantry(["local", "env", "--json"]);
  return JSON.parse(json.stdout) as LocalEnvironment;
}

/** Rows of one query; the connection is closed again. */
export async function queryRows<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** SQLSTATE with which a login is refused; undefined when it isn't. */
export async function refusalOf(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** The same login on another database. */
export function onDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** A secret of the tenants' vault, undefined when it isn't there. */
export function readSecret(environment: LocalEnvironment, name: string): Promise<string | undefined> {
  return openVault(environment.keyVault.url).get(name);
}

/** What the local name server answers. */
export async function resolveCname({ dns }: LocalEnvironment, host: string): Promise<string[]> {
  const resolver = new Resolver();
  resolver.setServers([`${dns.host}:${dns.port}`]);
  return resolver.resolveCname(host).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTFOUND" || error.code === "ENODATA") return [];
    throw error;
  });
}

/** A request through Front Door for a host. */
export function visit(
  { frontDoor }: LocalEnvironment,
  host: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(frontDoor.url, { headers: { host } }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asked.on("error", reject).end();
  });
}

/** Checksum of every file below a folder, by relative path. */
export function checksums(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((item) => item.isFile());
  return Object.fromEntries(
    files.map((item) => {
      const path = join(item.parentPath, item.name);
      return [relative(folder, path), createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}
