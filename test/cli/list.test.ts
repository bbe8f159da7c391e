import { expect, test } from "vitest";
import { list, listTenants } from "../../src/cli/list.ts";
import { loadWorkspace } from "../../src/tenant/load.ts";
import { selectTenants } from "../../src/tenant/select.ts";
import { BASE_FILES, entryText, projectWith } from "../tenant/project.ts";
import { OPTIONS, recordingContext } from "./context.ts";

const FILES = {
  ...BASE_FILES,
  "tenants/acme.yaml": entryText("labels: { tier: pilot }"),
  "tenants/beta.yaml": entryText("status: suspended", "server: db-02", "database: beta_own"),
};

test("offline it shows what entries want, and says that master wasn't asked", async () => {
  const { context, out, err } = recordingContext(projectWith(FILES));
  expect(await list.run([], { ...OPTIONS, offline: true }, context)).toBe(0);
  expect(out()).toBe(`TENANT  ENTRY      RECORD  PLAN   SERVER  HOST
acme    active     ?       trial  auto    acme.local.tenantry.test
beta    suspended  ?       trial  db-02   beta.local.tenantry.test
`);
  expect(err()).toBe("");
});

test("an entry that can't be read is a warning, the others are shown", async () => {
  const { context, out, err } = recordingContext(projectWith({ ...FILES, "tenants/beta.yaml": "plan: [" }));
  expect(await list.run([], { ...OPTIONS, offline: true, json: true }, context)).toBe(0);
  expect(JSON.parse(out())).toEqual([
    {
      slug: "acme",
      entry: "active",
      record: null,
      id: null,
      displayName: "Acme Health",
      plan: "trial",
      server: "auto",
      database: "tenant_acme",
      host: "acme.local.tenantry.test",
      labels: { tier: "pilot" },
    },
  ]);
  expect(err()).toMatch(/^warning: tenants\/beta\.yaml:1:8: not readable as YAML/);
});

test("without entries it says how to write one", async () => {
  const { context, out } = recordingContext(projectWith(BASE_FILES));
  await list.run([], { ...OPTIONS, offline: true }, context);
  expect(out()).toBe("No tenants in 'local'. `tenantry new <slug>` writes an entry.\n");
});

test("records stand beside their entries, and also where an entry is gone", () => {
  const { tenants } = selectTenants(loadWorkspace(projectWith(FILES)), "local", { kind: "all" });
  const record = {
    id: "4e0f2c1e-0000-4000-8000-000000000001",
    slug: "acme",
    stack: "local.acme",
    status: "active",
    statusReason: null,
    statusCode: null,
    displayName: "Acme Health",
    legalName: null,
    adminEmail: "admin@acme.example",
    plan: "trial",
    labels: {},
    settings: {},
    server: "db-01",
    isolation: "database",
    databaseName: "tenant_acme",
    roleName: "tenant_acme_owner",
    secretName: "tenant-db-acme",
    seededSecrets: [],
    hosts: ["acme.local.tenantry.test"],
    pathPrefix: null,
    hold: false,
    isPurgeConfirmed: false,
    retentionDays: 30,
    retries: 0,
    cacheEpoch: 1,
    provisioningAt: new Date(0),
    provisioningFailedAt: null,
    activeAt: new Date(0),
    suspendedAt: null,
    deletingAt: null,
    deletedAt: null,
    purgingAt: null,
    purgedAt: null,
  } as const;
  const rows = listTenants(tenants, [record, { ...record, slug: "zeta", status: "deleted" }]);
  expect(rows.map(({ slug, entry, record: state, server, id }) => [slug, entry, state, server, id])).toEqual([
    ["acme", "active", "active", "db-01", record.id],
    ["beta", "suspended", null, "db-02", null],
    ["zeta", null, "deleted", "db-01", record.id],
  ]);
});
