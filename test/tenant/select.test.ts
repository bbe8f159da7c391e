import { describe, expect, test } from "vitest";
import type { EnvironmentConfig } from "../../src/tenant/environmentConfig.ts";
import { exitCodeOf, type UserError } from "../../src/tenant/errors.ts";
import { loadEnvironment, loadWorkspace } from "../../src/tenant/load.ts";
import { formatProblem } from "../../src/tenant/problems.ts";
import { type Choice, loadTenant, selectTenants } from "../../src/tenant/select.ts";
import { BASE_FILES, entryText, projectWith, stackFile } from "./project.ts";

const ALL: Choice = { kind: "all" };
const named = (...slugs: string[]): Choice => ({ kind: "named", slugs });

function choose(files: Readonly<Record<string, string>>, choice: Choice, environment = "local") {
  return selectTenants(loadWorkspace(projectWith({ ...BASE_FILES, ...files })), environment, choice);
}

function refusal(body: () => unknown): string[] {
  try {
    body();
  } catch (error) {
    const { code, message } = error as UserError;
    return [code, ...message.split("\n")];
  }
  throw new Error("accepted");
}

describe("all tenants", () => {
  test("are those of the environment, sorted by slug", () => {
    const files = {
      "stacks/Pulumi.prod.yaml": stackFile("prod"),
      "tenants/zeta.yaml": entryText(),
      "tenants/acme.yaml": entryText(),
      "tenants/elsewhere.yaml": entryText().replace("[local]", "[prod]"),
    };
    expect(choose(files, ALL).tenants.map(({ slug }) => slug)).toEqual(["acme", "zeta"]);
    expect(choose(files, ALL, "prod").tenants.map(({ stack }) => stack)).toEqual(["prod.elsewhere"]);
  });

  test("are refused together when one entry, plan or stray is bad", () => {
    const files = {
      "tenants/acme.yaml": entryText(),
      "tenants/beta.yaml": entryText("plan: gold"),
      "tenants/gamma.yaml": entryText("plann: trial"),
      "tenants/delta.yml": entryText(),
      "plans/odd.yaml": "limit: 3",
    };
    expect(refusal(() => choose(files, ALL))).toEqual([
      "E_INVALID_ENTRY",
      "plans/odd.yaml:1:1 'limit': no such field; did you mean 'limits'?",
      "tenants/beta.yaml:4:7 'plan': expected 'odd' or 'trial' (plans/*.yaml); got 'gold'.",
      "tenants/delta.yml: expected a file name that ends in '.yaml'; got 'delta.yml'.",
      "tenants/gamma.yaml:4:1 'plann': no such field; did you mean 'plan'?",
    ]);
  });

  test("don't suffer from another environment's unfinished config", () => {
    const files = { "stacks/Pulumi.prod.yaml": "config: {}", "tenants/acme.yaml": entryText() };
    expect(choose(files, ALL).tenants).toHaveLength(1);
  });
});

describe("named tenants", () => {
  test("need only themselves; the rest is a warning", () => {
    const files = { "tenants/acme.yaml": entryText(), "tenants/beta.yaml": entryText("plan: gold") };
    const { tenants, warnings } = choose(files, named("acme"));
    expect(tenants.map(({ slug }) => slug)).toEqual(["acme"]);
    expect(warnings.map(formatProblem)).toEqual([
      "tenants/beta.yaml:4:7 'plan': expected 'trial' (plans/*.yaml); got 'gold'.",
    ]);
  });

  test("need the rules between entries too", () => {
    const files = {
      "tenants/acme.yaml": entryText("database: tenant_beta"),
      "tenants/beta.yaml": entryText(),
    };
    expect(refusal(() => choose(files, named("acme")))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:4:11 'database': expected a database of its own; got 'tenant_beta', as tenants/beta.yaml has.",
    ]);
    expect(refusal(() => choose(files, named("beta")))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/beta.yaml:1:1 'database': expected a database of its own; got 'tenant_beta', as tenants/acme.yaml has.",
    ]);
  });

  test("without an entry are refused, with the one that was meant", () => {
    expect(refusal(() => choose({ "tenants/acme.yaml": entryText() }, named("acne")))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acne.yaml: expected an entry; got no such file. Did you mean 'acme'?",
    ]);
  });

  test("of another environment are refused", () => {
    const files = { "stacks/Pulumi.prod.yaml": stackFile("prod"), "tenants/acme.yaml": entryText() };
    expect(refusal(() => choose(files, named("acme"), "prod"))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:3:15 'environments': expected 'prod' among them; got 'local'.",
    ]);
  });

  test("that are no slugs are refused before anything is looked up", () => {
    expect(refusal(() => choose({}, named("../acme")))[0]).toBe("E_INVALID_SLUG");
    expect(refusal(() => choose({}, named("prod")))[0]).toBe("E_RESERVED_SLUG");
  });
});

describe("rules", () => {
  test("a named server or region must be one of the environment's", () => {
    const files = {
      "tenants/acme.yaml": entryText("server: db-99", "overrides: { local: { region: mars } }"),
    };
    expect(refusal(() => choose(files, ALL))).toEqual([
      "E_DB_SERVER_NOT_FOUND",
      "tenants/acme.yaml:4:9 'server': expected 'auto', 'db-01' or 'db-02' (local's servers); got 'db-99'.",
      "tenants/acme.yaml:5:31 'overrides.local.region': expected 'any', 'westeurope' or 'northeurope' (regions of local's servers); got 'mars'.",
    ]);
    expect(exitCodeOf("E_DB_SERVER_NOT_FOUND")).toBe(3);
  });

  test("a tenant's host can't be Front Door's origin", () => {
    expect(refusal(() => choose({ "tenants/origin.yaml": entryText() }, ALL))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/origin.yaml:1:1: expected hosts of its own; got 'origin.local.tenantry.test', the origin of Front Door.",
    ]);
  });

  test("a domain belongs to one tenant, once, and to no zone of the platform's", () => {
    const files = {
      "tenants/acme.yaml": entryText("domains: [portal.one.example, www.local.tenantry.test]"),
      "tenants/globex.yaml": entryText(
        "domains: [portal.one.example, a.b.example, a.b.example, x.azurefd.net]",
      ),
    };
    const outside = "expected a host outside 'local.tenantry.test' and 'azurefd.net'; got";
    expect(refusal(() => choose(files, ALL))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:4:10 'domains': expected hosts of its own; got 'portal.one.example', as tenants/globex.yaml has.",
      `tenants/acme.yaml:4:10 'domains': ${outside} 'www.local.tenantry.test'.`,
      "tenants/globex.yaml:4:10 'domains': expected hosts of its own; got 'portal.one.example', as tenants/acme.yaml has.",
      "tenants/globex.yaml:4:10 'domains': expected each domain once; got 'a.b.example' again.",
      `tenants/globex.yaml:4:10 'domains': ${outside} 'x.azurefd.net'.`,
    ]);
  });

  test("a path prefix belongs to one tenant; both are told", () => {
    const files = {
      "tenants/acme.yaml": entryText("pathPrefix: /t/one"),
      "tenants/globex.yaml": entryText("overrides: { local: { pathPrefix: /t/one } }"),
    };
    expect(refusal(() => choose(files, ALL))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:4:13 'pathPrefix': expected a path prefix of its own; got '/t/one', as tenants/globex.yaml has.",
      "tenants/globex.yaml:4:35 'overrides.local.pathPrefix': expected a path prefix of its own; got '/t/one', as tenants/acme.yaml has.",
    ]);
  });

  test("a tenant's database can't be master's", () => {
    const stack = stackFile("local").replace(
      "master: { server: db-01 }",
      "master: { server: db-01, database: control }",
    );
    const files = { "stacks/Pulumi.local.yaml": stack, "tenants/acme.yaml": entryText("database: control") };
    expect(refusal(() => choose(files, ALL))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:4:11 'database': expected a tenant's database; got 'control', the master database.",
    ]);
  });

  test("a plan with problems can't be used", () => {
    const files = { "plans/trial.yaml": "limits: { users: many }", "tenants/acme.yaml": entryText() };
    expect(refusal(() => choose(files, named("acme")))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:1:1 'plan': expected a plan without problems; got plans/trial.yaml.",
    ]);
  });
});

describe("environments", () => {
  test("without a file are E_NO_CONFIG", () => {
    expect(refusal(() => choose({}, ALL, "dev"))).toEqual([
      "E_NO_CONFIG",
      "stacks/Pulumi.dev.yaml: expected an environment's config; got no such file.",
    ]);
  });

  test("with problems are E_NO_CONFIG with all of them", () => {
    const files = { "stacks/Pulumi.dev.yaml": "config: { tenantry:environment: dev }" };
    expect(refusal(() => choose(files, ALL, "dev"))).toEqual(
      expect.arrayContaining([
        "E_NO_CONFIG",
        "stacks/Pulumi.dev.yaml:1:9 'zone': expected a host name; got nothing.",
        "stacks/Pulumi.dev.yaml:1:9 'servers': expected a list of servers; got nothing.",
      ]),
    );
  });
});

describe("one tenant for the program", () => {
  const root = () =>
    projectWith({ ...BASE_FILES, "tenants/acme.yaml": entryText(), "tenants/beta.yaml": "oh no" });
  const configIn = (path: string) => loadEnvironment(path, "local").config as EnvironmentConfig;

  test("is the same as the one selected, whatever other entries say", () => {
    const path = root();
    const selected = selectTenants(loadWorkspace(path), "local", named("acme")).tenants;
    expect([loadTenant(path, "acme", configIn(path))]).toEqual(selected);
  });

  test("is refused with its problems", () => {
    const path = root();
    expect(refusal(() => loadTenant(path, "beta", configIn(path)))[0]).toBe("E_INVALID_ENTRY");
    expect(refusal(() => loadTenant(path, "gone", configIn(path)))).toEqual([
      "E_INVALID_ENTRY",
      "tenants/gone.yaml: expected an entry; got no such file.",
    ]);
    expect(refusal(() => loadTenant(path, "../x", configIn(path)))[0]).toBe("E_INVALID_SLUG");
  });
});
