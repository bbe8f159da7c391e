import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArmState } from "../../../src/localcloud/arm/index.ts";
import { IDENTITY_NAMES, type IdentityName, PRINCIPALS } from "../../../src/localcloud/roles/identities.ts";
import { type RawAnswer, raw, startVaultCloud, type VaultCloud } from "../vault/vaultCloud.ts";

const VERSION = "api-version=7.6";
const GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/Rg";
const OWNER: readonly IdentityName[] = ["owner"];
const TENANTS: readonly IdentityName[] = ["owner", "deployer"];
const ALL: readonly IdentityName[] = ["owner", "deployer", "previewer"];

let cloud: VaultCloud;
let urls: Readonly<Record<string, string>>;

beforeAll(async () => {
  cloud = await startVaultCloud();
  const { platformVault, tenantsVault } = cloud.core.context.names;
  const [platform, tenants] = [
    await cloud.core.vaults.ensure(platformVault, {}),
    await cloud.core.vaults.ensure(tenantsVault, {}),
  ];
  urls = { platform: platform.url, tenants: tenants.url };
  for (const name of ["master-read", "master-admin"]) await set("platform", name);
  await set("tenants", "tenant-db-acme");
});

afterAll(() => cloud.close());

function ask(
  identity: IdentityName,
  vault: string,
  method: string,
  path: string,
  body?: object,
): Promise<RawAnswer> {
  const token = cloud.core.context.tokens.issue("https://vault.azure.net", identity);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return raw({ ...cloud, url: urls[vault] ?? "" }, method, `${path}?${VERSION}`, headers, text);
}

async function set(vault: string, name: string): Promise<void> {
  const { status } = await ask("owner", vault, "PUT", `/secrets/${name}`, { value: "v" });
  expect(status).toBe(200);
}

/** A body that says nothing: whoever may write is refused for that. */
const NOTHING = {};

// Which action each operation needs: https://learn.microsoft.com/azure/role-based-access-control/permissions/security
describe.each<[vault: string, method: string, path: string, allowed: readonly IdentityName[]]>([
  ["platform", "GET", "/secrets/master-read", ALL],
  ["platform", "GET", "/secrets/MASTER-READ", ALL],
  ["platform", "GET", "/secrets/master-read/versions", ALL],
  ["platform", "GET", "/secrets/master-read-too", TENANTS],
  ["platform", "GET", "/secrets/master-admin", TENANTS],
  ["platform", "GET", "/secrets/server-db-01-admin", TENANTS],
  ["platform", "GET", "/secrets", TENANTS],
  ["platform", "PUT", "/secrets/master-read", OWNER],
  ["platform", "PATCH", "/secrets/master-read", OWNER],
  ["platform", "DELETE", "/secrets/gone", OWNER],
  ["platform", "POST", "/deletedsecrets/gone/recover", OWNER],
  ["platform", "DELETE", "/deletedsecrets/gone", OWNER],
  ["tenants", "GET", "/secrets/tenant-db-acme", TENANTS],
  ["tenants", "GET", "/secrets/tenant-db-acme/versions", TENANTS],
  ["tenants", "GET", "/secrets/tenant-db-acme/0123456789abcdef0123456789abcdef", TENANTS],
  ["tenants", "GET", "/secrets/master-read", TENANTS],
  ["tenants", "GET", "/secrets", TENANTS],
  ["tenants", "PUT", "/secrets/tenant-db-acme", TENANTS],
  ["tenants", "PATCH", "/secrets/tenant-db-acme", TENANTS],
  ["tenants", "DELETE", "/secrets/gone", TENANTS],
  ["tenants", "GET", "/deletedsecrets", TENANTS],
  ["tenants", "GET", "/deletedsecrets/gone", TENANTS],
  ["tenants", "POST", "/deletedsecrets/gone/recover", TENANTS],
  ["tenants", "DELETE", "/deletedsecrets/gone", TENANTS],
  ["tenants", "GET", "/keys/any", OWNER],
  ["tenants", "GET", "/", OWNER],
])("%s vault: %s %s", (vault, method, path, allowed) => {
  test.each(IDENTITY_NAMES)("%s", async (identity) => {
    const isBodied = method === "PUT" || method === "PATCH";
    const { status, body } = await ask(identity, vault, method, path, isBodied ? NOTHING : undefined);
    const isDenied = status === 403;
    expect(isDenied, `${status} ${JSON.stringify(body)}`).toBe(!allowed.includes(identity));
  });
});

// The text as quoted in https://github.com/piyushsachdeva/Terraform_AKS/issues/2, a caller's name as in
// https://github.com/pulumi/pulumi-azure-nextgen/issues/195; Microsoft's page names the case alone:
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes ("HTTP 403").
test("the refusal names caller, action and resource in Key Vault's words", async () => {
  const { tenantsVault } = cloud.core.context.names;
  await new ArmState(cloud.core.store).set({
    id: `${GROUP}/providers/Microsoft.KeyVault/vaults/${tenantsVault}`,
    name: tenantsVault,
    type: "Microsoft.KeyVault/vaults",
    envelope: {},
    properties: {},
    hidden: {},
    etag: "",
    createdAt: "",
    lastModifiedAt: "",
  });
  const { clientId, objectId } = PRINCIPALS.previewer;
  expect(await ask("previewer", "tenants", "GET", "/secrets/tenant-db-acme")).toMatchObject({
    status: 403,
    body: {
      error: {
        code: "Forbidden",
        message: [
          "Caller is not authorized to perform action on resource.",
          "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
          `Caller: name=previewer;appid=${clientId};oid=${objectId};iss=https://sts.windows.net/10ca1000-0000-4000-8000-000000000002/`,
          "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'",
          `Resource: '${GROUP.toLowerCase()}/providers/microsoft.keyvault/vaults/${tenantsVault}/secrets/tenant-db-acme'`,
          "Assignment: (not found)",
          "DenyAssignmentId: null",
          "DecisionReason: 'DeniedWithNoValidRBAC' ",
          `Vault: ${tenantsVault};location=local`,
          "",
        ].join("\r\n"),
        innererror: { code: "ForbiddenByRbac" },
      },
    },
  });
});

test("who is refused learns nothing of what is there, and changes nothing", async () => {
  const there = await ask("none", "tenants", "GET", "/secrets/tenant-db-acme");
  const missing = await ask("none", "tenants", "GET", "/secrets/nobody");
  const worded = (answer: RawAnswer) => JSON.stringify(answer.body).replace(/tenant-db-acme|nobody/, "");
  expect([there.status, worded(there)]).toEqual([missing.status, worded(missing)]);
  expect((await ask("previewer", "tenants", "PUT", "/secrets/new", { value: "x" })).status).toBe(403);
  expect((await ask("previewer", "tenants", "DELETE", "/secrets/tenant-db-acme")).status).toBe(403);
  expect((await ask("owner", "tenants", "GET", "/secrets/new")).status).toBe(404);
  expect((await ask("owner", "tenants", "GET", "/secrets/tenant-db-acme")).body).toMatchObject({
    value: "v",
  });
});
