import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A project's root in a temporary folder with these files; removed when the test ends. */
export function projectWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), "tenantry-project-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** A small whole project: environment `local` with two servers, plan `trial`. */
export const BASE_FILES: Readonly<Record<string, string>> = {
  "stacks/Pulumi.local.yaml": stackFile("local"),
  "plans/trial.yaml": "limits: { users: 5 }\nsettings: { model: small }\n",
};

/** An entry with what is required, and these lines. */
export function entryText(...lines: readonly string[]): string {
  return [
    "displayName: Acme Health",
    "adminEmail: admin@acme.example",
    "environments: [local]",
    ...lines,
    "",
  ].join("\n");
}

export function stackFile(environment: string, ...lines: readonly string[]): string {
  return [
    environment === "local"
      ? "encryptionsalt: v1:abc:v1:def"
      : "secretsprovider: azurekeyvault://v/keys/k\nencryptedkey: abc",
    "config:",
    `  tenantry:environment: ${environment}`,
    "  tenantry:zone: local.tenantry.test",
    "  tenantry:resourceGroup: tenantry-local",
    "  tenantry:location: westeurope",
    "  tenantry:subscriptionId: 10ca1000-0000-4000-8000-000000000001",
    "  tenantry:azureTenantId: 10ca1000-0000-4000-8000-000000000002",
    "  tenantry:vaults: { platform: tenantry-platform, tenants: tenantry-tenants }",
    "  tenantry:frontDoor: { profile: tenantry, endpoint: tenantry, originHost: origin.local.tenantry.test }",
    "  tenantry:edge: { mode: perTenant }",
    "  tenantry:servers:",
    "    - { name: db-01, region: westeurope, capacityHint: 200, maxConnections: 100, tenantConnections: 1 }",
    "    - { name: db-02, region: northeurope, capacityHint: 200, maxConnections: 100, tenantConnections: 1 }",
    "  tenantry:master: { server: db-01 }",
    "  tenantry:mainTenant: { slug: main, displayName: Main }",
    "  tenantry:migrations: { kind: sql, dir: migrations/tenant }",
    "  tenantry:backups: { url: 'file:.tenantry/backups' }",
    "  tenantry:settings: { model: tiny, maxTokens: 100 }",
    ...lines,
    "",
  ].join("\n");
}
