import { describe, expect, test } from "vitest";
import type { EnvironmentConfig } from "../../src/tenant/environmentConfig.ts";
import type { UserError } from "../../src/tenant/errors.ts";
import { loadEnvironment, loadWorkspace } from "../../src/tenant/load.ts";
import { loadTenant, selectTenants } from "../../src/tenant/select.ts";
import { problemsOf } from "./parsing.ts";
import { BASE_FILES, entryText, projectWith } from "./project.ts";

type Files = Readonly<Record<string, string>>;

/** What `up <slug>` and a bare `pulumi up` of the slug's stack are told; they must say the same. */
function told(files: Files, slug: string): string[] {
  const root = projectWith({ ...BASE_FILES, ...files });
  const { config } = loadEnvironment(root, "local");
  const named = () => selectTenants(loadWorkspace(root), "local", { kind: "named", slugs: [slug] });
  const [byCli, byProgram] = [named, () => loadTenant(root, slug, config as EnvironmentConfig)].map(refusal);
  expect(byProgram).toEqual(byCli);
  return byCli ?? [];
}

function refusal(body: () => unknown): string[] {
  try {
    body();
    return [];
  } catch (error) {
    return (error as UserError).message.split("\n");
  }
}

describe("a parent", () => {
  test("may have a parent, and children of its own", () => {
    const files = {
      "tenants/top.yaml": entryText(),
      "tenants/middle.yaml": entryText("parent: top"),
      "tenants/low.yaml": entryText("parent: middle"),
    };
    expect([told(files, "top"), told(files, "middle"), told(files, "low")]).toEqual([[], [], []]);
  });

  test("must be a tenant of the environment", () => {
    const files = {
      "tenants/low.yaml": entryText("parent: umbrela"),
      "tenants/far.yaml": entryText().replace("[local]", "[prod]"),
      "tenants/lower.yaml": entryText("parent: far"),
      "stacks/Pulumi.prod.yaml": "config: {}",
    };
    expect(told(files, "low")).toEqual([
      "tenants/low.yaml:4:9 'parent': expected a tenant of 'local'; got 'umbrela'.",
    ]);
    expect(told(files, "lower")).toEqual([
      "tenants/lower.yaml:4:9 'parent': expected a tenant of 'local'; got 'far'.",
    ]);
  });

  test.each([
    ["itself", { "tenants/one.yaml": entryText("parent: one") }],
    [
      "one below it",
      {
        "tenants/one.yaml": entryText("parent: two"),
        "tenants/two.yaml": entryText("parent: six"),
        "tenants/six.yaml": entryText("parent: one"),
      },
    ],
  ])("can't be %s", (_, files: Files) => {
    expect(told(files, "one").join()).toMatch(
      /^tenants\/one\.yaml:4:9 'parent': expected a tenant that isn't below this one; got '\w+'\.$/,
    );
  });

  test("isn't deleted while a child lives", () => {
    const files = {
      "tenants/top.yaml": entryText("status: deleted"),
      "tenants/low.yaml": entryText("parent: top"),
      "tenants/gone.yaml": entryText("parent: top", "status: deleted"),
    };
    expect(told(files, "top")).toEqual([
      "tenants/top.yaml:4:9 'status': expected 'active' or 'suspended' while 'low' live below it; got 'deleted'.",
    ]);
    expect(told(files, "low")).toEqual([
      "tenants/low.yaml:4:9 'parent': expected a tenant that isn't deleted; got 'top'.",
    ]);
    expect(told(files, "gone")).toEqual([]);
  });

  test("is told where an environment's override says it", () => {
    const files = { "tenants/low.yaml": entryText("overrides:", "  local: { parent: nobody }") };
    expect(told(files, "low")).toEqual([
      "tenants/low.yaml:5:20 'overrides.local.parent': expected a tenant of 'local'; got 'nobody'.",
    ]);
  });
});

describe("an entry's identity", () => {
  const ENTRA = "{ name: corporate, kind: entra, tenantId: 10ca1000-0000-4000-8000-000000000009, clientId: c";

  test("becomes providers and groups of the tenant", () => {
    const root = projectWith({
      ...BASE_FILES,
      "tenants/acme.yaml": entryText(
        "identity:",
        `  providers: [${ENTRA}, clientSecretRef: acme-corporate }]`,
        "  groups: { Operators: [ReportingViewer, DashboardViewer] }",
      ),
    });
    const { tenants } = selectTenants(loadWorkspace(root), "local", { kind: "all" });
    expect(tenants[0]?.identity.providers["entry:corporate"]).toEqual({
      kind: "entra",
      isEnabled: true,
      config: {
        tenantId: "10ca1000-0000-4000-8000-000000000009",
        clientId: "c",
        clientSecretRef: "acme-corporate",
      },
    });
    expect(tenants[0]?.identity.groups["entry:Operators"]).toEqual({
      roles: ["DashboardViewer", "ReportingViewer"],
      hasAdmin: false,
    });
  });

  test.each([
    [
      "a role that isn't one, with the one that was meant",
      "  groups: { Operators: [DashbordViewer] }",
      "5:25 'identity.groups.Operators[0]': expected a role such as 'DashboardViewer'; got 'DashbordViewer'.",
    ],
    [
      "a plain secret",
      `  providers: [${ENTRA}, clientSecret: abc }]`,
      "5:122 'identity.providers[0].clientSecret': expected no secret in a file that Git keeps; got a value that looks like one. Keep it in Key Vault.",
    ],
    [
      "the name of another tenant's secret",
      `  providers: [${ENTRA}, clientSecretRef: tenant-db-globex }]`,
      "5:125 'identity.providers[0].clientSecretRef': expected the name of a secret in the tenants' vault that isn't one of tenantry's own; got 'tenant-db-globex'.",
    ],
    [
      "a kind that isn't built",
      "  providers: [{ name: corporate, kind: saml, clientId: c }]",
      "5:40 'identity.providers[0].kind': expected 'entra', 'google' or 'oidc'; got 'saml'.",
    ],
    [
      "one name twice",
      `  providers: [${ENTRA} }, { name: corporate, kind: google, clientId: c }]`,
      "5:118 'identity.providers[1].name': expected each provider once; got 'corporate'.",
    ],
  ])("refuses %s at its place", (_, line, problem) => {
    expect(problemsOf(entryText("identity:", line))).toEqual([
      `E_INVALID_ENTRY tenants/acme.yaml:${problem}`,
    ]);
  });

  test("gives nobody a role that the plan leaves out", () => {
    const files = {
      "plans/lean.yaml": "seeds: { roles: [DashboardViewer] }\n",
      "tenants/acme.yaml": entryText("plan: lean", "identity: { groups: { Staff: [UserManagement] } }"),
    };
    expect(told(files, "acme")).toEqual([
      "tenants/acme.yaml:5:30 'identity.groups.Staff': expected a role that plan 'lean' has (DashboardViewer); got 'UserManagement'.",
    ]);
  });
});
