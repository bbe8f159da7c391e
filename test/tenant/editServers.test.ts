import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { addServer, type NewServer, readServerFields, setServerField } from "../../src/tenant/editServers.ts";

const FILE = "stacks/Pulumi.local.yaml";
const TEXT = readFileSync(FILE, "utf8");
const DB_03: NewServer = {
  ...{ name: "db-03", region: "westeurope", capacityHint: 20, maxConnections: 50, tenantConnections: 2 },
  status: "active",
};

describe("servers of an environment's config", () => {
  test("a field is set in place and nothing else changes", () => {
    const [before = "", after = ""] = TEXT.split("    - name: db-02");
    expect(setServerField(TEXT, FILE, "db-02", "status", "draining")).toBe(
      `${before}    - name: db-02${after.replace("status: active", "status: draining")}`,
    );
    expect(setServerField(TEXT, FILE, "db-01", "capacityHint", 300)).toBe(
      TEXT.replace("capacityHint: 200", "capacityHint: 300"),
    );
  });

  test("a field that isn't there comes behind the status", () => {
    expect(setServerField(TEXT, FILE, "db-01", "adminRotation", 1)).toBe(
      TEXT.replace("      status: active\n", "      status: active\n      adminRotation: 1\n"),
    );
  });

  test("a new server stands behind the last one, and reads as it was meant", () => {
    const edited = addServer(TEXT, FILE, { ...DB_03, existing: { host: "10.0.0.9", port: 5433 } });
    const lines = `    - name: db-03
      region: westeurope
      capacityHint: 20
      maxConnections: 50
      tenantConnections: 2
      status: active
      existing: { host: "10.0.0.9", port: 5433 }
`;
    expect(edited).toBe(TEXT.replace("  tenantry:master:\n", `${lines}  tenantry:master:\n`));
    expect(readServerFields(edited, FILE, "db-03")).toMatchObject({ existing: { host: "10.0.0.9" } });
  });

  test("keeps Windows line ends, and a list in braces stays one", () => {
    const windows = TEXT.replaceAll("\n", "\r\n");
    expect(addServer(windows, FILE, DB_03)).toContain("    - name: db-03\r\n      region: westeurope\r\n");
    const start = TEXT.indexOf("  tenantry:servers:");
    const end = TEXT.indexOf("  tenantry:master:");
    const flow =
      "  tenantry:servers: [{ name: db-01, region: r1, capacityHint: 1, maxConnections: 10, tenantConnections: 1 }]\n";
    const text = TEXT.slice(0, start) + flow + TEXT.slice(end);
    expect(addServer(text, FILE, DB_03)).toContain(
      "tenantConnections: 1 }, { name: db-03, region: westeurope, capacityHint: 20",
    );
  });

  test("an unknown server and a value that would be refused leave no text", () => {
    expect(() => setServerField(TEXT, FILE, "db-09", "status", "active")).toThrow(
      "server 'db-09': expected one of 'db-01', 'db-02'",
    );
    expect(() => setServerField(TEXT, FILE, "db-01", "capacityHint", 0)).toThrow("capacityHint");
    expect(() => addServer(TEXT, FILE, { ...DB_03, region: "any" })).toThrow("a name other than 'any'");
  });
});
