import { expect, test } from "vitest";
import { UserError } from "../../src/tenant/errors.ts";
import { denialIn, notAllowedIn } from "../../src/tenant/notAllowed.ts";

const OID = "06bc32ab-5ab5-4b8d-9f6c-95d0a420eb95";

// https://github.com/Azure/azure-rest-api-specs-examples/issues/4471
const MANAGEMENT = `The client '${OID}' with object id '${OID}' does not have authorization to perform action 'Microsoft.Cdn/profiles/write' over scope '/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p' or the scope is invalid. If access was recently granted, please refresh your credentials.`;

// https://github.com/piyushsachdeva/Terraform_AKS/issues/2
const DATA = (caller: string) =>
  `Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: ${caller}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nResource: '/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v/secrets/x'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: v;location=canadacentral\r\n`;

test.each([
  [
    "Resource Manager of a service principal",
    MANAGEMENT,
    `with object id '${OID}'`,
    "Microsoft.Cdn/profiles/write",
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p",
  ],
  [
    "Resource Manager of a user, within a plugin's words",
    `error: Status=403 Code="AuthorizationFailed" Message="${MANAGEMENT.replace(OID, "ada@contoso.example")}"`,
    `'ada@contoso.example' (object id '${OID}')`,
    "Microsoft.Cdn/profiles/write",
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Cdn/profiles/p",
  ],
  [
    // https://learn.microsoft.com/azure/role-based-access-control/troubleshooting ("linked scope(s)")
    "Resource Manager of another resource that is referred to",
    `The client 'ada' with object id '${OID}' has permission to perform action 'Microsoft.Cdn/profiles/afdEndpoints/routes/write' on scope '/subscriptions/s/r'; however, it does not have permission to perform action(s) 'Microsoft.Cdn/profiles/originGroups/read' on the linked scope(s) '/subscriptions/s/g' (respectively) or the linked scope(s) are invalid.`,
    `'ada' (object id '${OID}')`,
    "Microsoft.Cdn/profiles/originGroups/read",
    "/subscriptions/s/g",
  ],
  [
    "Key Vault of an application",
    DATA(`appid=a;oid=${OID};iss=https://sts.windows.net/t/`),
    `with object id '${OID}'`,
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v/secrets/x",
  ],
  [
    "Key Vault of a named caller, in one line",
    DATA(`name=previewer;appid=a;oid=${OID};iss=https://sts.windows.net/t/`).replaceAll("\r\n", " "),
    `'previewer' (object id '${OID}')`,
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v/secrets/x",
  ],
])("reads who, what and where: %s", (_, text, identity, action, scope) => {
  expect(denialIn(text)).toEqual({ identity, action, scope });
  const error = notAllowedIn(text);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({
    code: "PROVISIONING_UNAVAILABLE",
    message: `identity ${identity} is not allowed to perform '${action}' on '${scope}'.`,
    hint: "Give it a role that has this action there (docs/azure.md, 'Roles'), or run as an identity that has one; then run the same command again.",
  });
});

test.each([
  ["another 403 of Key Vault", "Operation get is not allowed on a disabled secret."],
  ["a vault's firewall", "Client address (10.0.0.1) is not authorized and caller is not a trusted service"],
  ["no refusal at all", "connect ECONNREFUSED 127.0.0.1:443"],
])("takes nothing else for a missing role: %s", (_, text) => {
  expect(notAllowedIn(text)).toBeUndefined();
});
