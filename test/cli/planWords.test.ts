import { describe, expect, test } from "vitest";
import { wordPlan } from "../../src/cli/render/planWords.ts";
import type { ResourceChange, RunResult } from "../../src/deploy/index.ts";

function result(changes: readonly Partial<ResourceChange>[]): RunResult {
  const full = changes.map(
    (change) =>
      ({
        urn: "urn",
        name: "acme-x",
        type: "t",
        operation: "create",
        differences: [],
        ...change,
      }) as ResourceChange,
  );
  return { resources: full, changes: full, diagnostics: [], outputs: {}, tookMs: 1 };
}

describe("the words of a preview", () => {
  test("say so when nothing changes", () => {
    expect(wordPlan("acme", result([]))).toEqual({ headline: "acme  no changes", lines: [] });
  });

  test("name each thing a new tenant gets", () => {
    const words = wordPlan(
      "acme",
      result([
        {
          type: "tenantry:index:Placement",
          newInputs: { server: "auto" },
          outputs: { serverName: "db-01", host: "127.0.0.1" },
        },
        {
          type: "tenantry:index:Database",
          newInputs: { database: "tenant_acme", role: "tenant_acme_owner" },
        },
        { type: "tenantry:index:Migrations", newInputs: { files: { "0002_b.sql": "x", "0001_a.sql": "y" } } },
      ]),
    );
    expect(words).toEqual({
      headline: "acme  3 to create",
      lines: [
        "+ placement on server 'db-01' (127.0.0.1)",
        "+ database 'tenant_acme' owned by 'tenant_acme_owner'",
        "+ migrations 0001_a.sql, 0002_b.sql",
      ],
    });
  });

  test("show a changed field once, with old and new", () => {
    const words = wordPlan(
      "acme",
      result([
        {
          type: "tenantry:index:Registration",
          operation: "update",
          differences: [{ path: "displayName", kind: "update", doesReplace: false }],
          oldInputs: { displayName: "Acme" },
          newInputs: { displayName: "Acme Health" },
        },
        {
          type: "tenantry:index:Settings",
          operation: "update",
          differences: [{ path: 'settings["model"].value', kind: "update", doesReplace: false }],
          oldInputs: { settings: { model: { value: "a" } } },
          newInputs: { settings: { model: { value: "b" } } },
        },
      ]),
    );
    expect(words.lines).toEqual(["~ displayName: 'Acme' → 'Acme Health'", "~ settings.model: 'a' → 'b'"]);
  });

  test("say whose a differing field is where several things have one of its name", () => {
    const record = { recordType: "TXT", relativeRecordSetName: "_dnsauth.acme" };
    const words = wordPlan(
      "acme",
      result([
        {
          type: "azure-native:dns:RecordSet",
          operation: "update",
          differences: [{ path: "ttl", kind: "update", doesReplace: false }],
          oldInputs: { ...record, ttl: 5 },
          newInputs: { ...record, ttl: 300 },
        },
        {
          type: "azure-native:cdn:Route",
          operation: "update",
          differences: [{ path: "customDomains[0]", kind: "add", doesReplace: false }],
          oldInputs: { routeName: "tenant-acme", customDomains: [] },
          newInputs: { routeName: "tenant-acme", customDomains: [{ id: "d" }] },
        },
      ]),
    );
    expect(words.lines).toEqual([
      "~ DNS TXT _dnsauth.acme: ttl: 5 → 300",
      '~ CDN route \'tenant-acme\': customDomains[0]: {"id":"d"} (new)',
    ]);
  });

  test("put data that would be lost in capitals", () => {
    const words = wordPlan(
      "acme",
      result([
        {
          type: "tenantry:index:Database",
          operation: "delete",
          oldInputs: { database: "tenant_acme", role: "r" },
        },
        {
          type: "tenantry:index:Database",
          operation: "replace",
          oldInputs: { database: "tenant_acme", role: "r" },
        },
      ]),
    );
    expect(words).toEqual({
      headline: "acme  1 TO REPLACE, 1 TO DELETE",
      lines: [
        "- DELETE database 'tenant_acme' owned by 'r', WITH ALL ITS DATA",
        "! REPLACE database 'tenant_acme' owned by 'r', LOSING ITS DATA",
      ],
    });
  });

  test("name an added migration by its file", () => {
    const words = wordPlan(
      "acme",
      result([
        {
          type: "tenantry:index:Migrations",
          operation: "update",
          differences: [{ path: 'files["0004_d.sql"]', kind: "add", doesReplace: false }],
          oldInputs: { files: {} },
          newInputs: { files: { "0004_d.sql": "sum" } },
        },
      ]),
    );
    expect(words.lines).toEqual(["+ migration 0004_d.sql"]);
  });
});
