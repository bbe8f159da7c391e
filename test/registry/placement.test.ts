import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choosePlacement, placementError, type ServerRow } from "../../src/registry/index.ts";

const server = (name: string, change: Partial<ServerRow> = {}): ServerRow => ({
  name,
  host: "h",
  port: 5432,
  region: "westeurope",
  adminSecretRef: "s",
  capacityHint: 10,
  maxConnections: 100,
  tenantConnections: 5,
  status: "active",
  adminRotation: 0,
  tenantCount: 0,
  ...change,
});

const anyServer = fc.record({
  region: fc.constantFrom("westeurope", "eastus"),
  capacityHint: fc.nat({ max: 5 }),
  maxConnections: fc.integer({ min: 1, max: 40 }),
  tenantConnections: fc.integer({ min: 1, max: 10 }),
  status: fc.constantFrom("active" as const, "draining" as const, "inactive" as const),
  tenantCount: fc.nat({ max: 6 }),
});
const anyFleet = fc
  .array(anyServer, { maxLength: 6 })
  .map((servers) => servers.map((one, index) => server(`db-0${index + 1}`, one)));
const anyRegion = fc.constantFrom("any", "westeurope", "eastus");

const hasRoom = (one: ServerRow) =>
  one.tenantCount < one.capacityHint && (one.tenantCount + 1) * one.tenantConnections <= one.maxConnections;

describe("placement", () => {
  test("auto picks an active server of the region with room, or there is none", () => {
    fc.assert(
      fc.property(anyFleet, anyRegion, (servers, region) => {
        const fitting = servers.filter(
          (one) => one.status === "active" && (region === "any" || one.region === region) && hasRoom(one),
        );
        const choice = choosePlacement(servers, { server: "auto", region });
        if (choice.kind === "placed") expect(fitting).toContain(choice.server);
        else expect([choice.kind, fitting]).toEqual(["no-capacity", []]);
      }),
    );
  });

  test("the order in which servers are listed doesn't matter", () => {
    fc.assert(
      fc.property(anyFleet, anyRegion, (servers, region) => {
        const wish = { server: "auto", region };
        const [there, back] = [servers, [...servers].reverse()].map((list) => choosePlacement(list, wish));
        if (there?.kind === "placed" && back?.kind === "placed") expect(back.server).toBe(there.server);
        else expect(back?.kind).toBe(there?.kind);
      }),
    );
  });

  test("filling a fleet one by one never goes over a limit and uses every place", () => {
    fc.assert(
      fc.property(anyFleet, (start) => {
        let servers = start.map((one) => ({ ...one, tenantCount: 0 }));
        for (;;) {
          const choice = choosePlacement(servers, { server: "auto", region: "any" });
          if (choice.kind !== "placed") break;
          const { name } = choice.server;
          servers = servers.map((one) =>
            one.name === name ? { ...one, tenantCount: one.tenantCount + 1 } : one,
          );
        }
        for (const one of servers) {
          expect(one.tenantCount).toBeLessThanOrEqual(one.capacityHint);
          expect(one.tenantCount * one.tenantConnections).toBeLessThanOrEqual(one.maxConnections);
          expect(one.status === "active" && hasRoom(one)).toBe(false);
        }
      }),
    );
  });

  test("the least full one is taken, relative to its capacity", () => {
    const servers = [
      server("a", { tenantCount: 5 }),
      server("b", { tenantCount: 6, capacityHint: 20, maxConnections: 200 }),
    ];
    expect(choosePlacement(servers, { server: "auto", region: "any" })).toMatchObject({
      server: { name: "b" },
    });
  });

  test("a named one must exist, be active, of the region, and have room", () => {
    const servers = [
      server("db-01"),
      server("db-02", { status: "draining" }),
      server("db-03", { tenantCount: 10 }),
      server("db-04", { maxConnections: 4 }),
    ];
    const says = (name: string, region = "any") => {
      const wish = { server: name, region };
      const choice = choosePlacement(servers, wish);
      if (choice.kind === "placed") return choice.server.name;
      const error = placementError("acme", wish, choice);
      return `${error.code} ${error.message}`;
    };
    expect(says("db-01")).toBe("db-01");
    expect(says("db-09")).toBe(
      "E_DB_SERVER_NOT_FOUND Tenant 'acme': server 'db-09' is not registered; expected one of 'db-01', 'db-02', 'db-03', 'db-04'.",
    );
    expect(says("db-02")).toBe(
      "E_DB_SERVER_NOT_FOUND Tenant 'acme': server 'db-02' is 'draining'; expected 'active'.",
    );
    expect(says("db-01", "eastus")).toBe(
      "E_DB_SERVER_NOT_FOUND Tenant 'acme': server 'db-01' is in region 'westeurope'; expected 'eastus'.",
    );
    expect(says("db-03")).toBe(
      "E_NO_CAPACITY Tenant 'acme': expected an active server with room for one more tenant; got 'db-03' holds 10 of 10 tenants.",
    );
    expect(says("db-04")).toBe(
      "E_NO_CAPACITY Tenant 'acme': expected an active server with room for one more tenant; got 'db-04' has 4 connections and would need 5.",
    );
    expect(says("auto", "eastus")).toBe(
      "E_NO_CAPACITY Tenant 'acme': expected an active server of region 'eastus' with room for one more tenant; got no active server of region 'eastus'.",
    );
  });
});
