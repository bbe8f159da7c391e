import { describe, expect, test } from "vitest";
import { entryIn } from "../../src/tenant/entry.ts";
import { entryOf } from "./parsing.ts";
import { entryText } from "./project.ts";

describe("an environment's view", () => {
  const entry = entryOf(
    entryText(
      "status: suspended",
      "suspendReason: unpaid",
      "settings: { a: 1, b: 1 }",
      "labels: { x: one }",
      "migrations: { target: '0001' }",
      "overrides:",
      "  prod:",
      "    adminEmail: ops@acme.example",
      "    status: active",
      "    plan: standard",
      "    settings: { b: 2, c: 2 }",
      "    labels: { y: two }",
      "    migrations: { target: '0002' }",
      "    database: acme_prod",
    ),
  );

  test("without an override is the entry's own", () => {
    expect(entryIn(entry, "local")).toEqual({
      slug: "acme",
      displayName: "Acme Health",
      adminEmail: "admin@acme.example",
      hold: false,
      domains: [],
      status: "suspended",
      suspendReason: "unpaid",
      plan: "trial",
      server: "auto",
      region: "any",
      migrationTarget: "0001",
      settings: { a: 1, b: 1 },
      labels: { x: "one" },
    });
  });

  test("an override wins field by field, settings and labels key by key, status with all that goes with it", () => {
    expect(entryIn(entry, "prod")).toEqual({
      slug: "acme",
      displayName: "Acme Health",
      adminEmail: "ops@acme.example",
      hold: false,
      domains: [],
      status: "active",
      plan: "standard",
      server: "auto",
      region: "any",
      database: "acme_prod",
      migrationTarget: "0002",
      settings: { a: 1, b: 2, c: 2 },
      labels: { x: "one", y: "two" },
    });
  });
});
