import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fillOf, type PlacedTenant, planLevelling, type ServerRow } from "../../src/registry/index.ts";

const server = (name: string, change: Partial<ServerRow> = {}): ServerRow => ({
  ...{ name, host: "h", port: 5432, region: "westeurope", adminSecretRef: "s", adminRotation: 0 },
  ...{ capacityHint: 10, maxConnections: 100, tenantConnections: 5, status: "active", tenantCount: 0 },
  ...change,
});
const tenant = (slug: string, on: string, change: Partial<PlacedTenant> = {}): PlacedTenant => ({
  ...{ slug, server: on, isPinned: false, region: "any" },
  ...change,
});
const REGIONS = ["north", "south"];

/** Servers and tenants that fit: each row counts its tenants, and some that can't be moved. */
const world = fc
  .record({
    servers: fc.array(
      fc.record({
        region: fc.constantFrom(...REGIONS),
        capacityHint: fc.integer({ min: 1, max: 12 }),
        maxConnections: fc.integer({ min: 10, max: 60 }),
        tenantConnections: fc.integer({ min: 1, max: 5 }),
        status: fc.constantFrom("active", "active", "active", "draining", "inactive") as fc.Arbitrary<
          ServerRow["status"]
        >,
        fixed: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    tenants: fc.array(
      fc.record({
        on: fc.nat(4),
        isPinned: fc.boolean(),
        region: fc.constantFrom("any", "any", ...REGIONS),
      }),
      { maxLength: 25 },
    ),
  })
  .map(({ servers, tenants }) => {
    const placed = tenants.map(({ on, isPinned, region }, index) =>
      tenant(`tenant-${index}`, `db-${on % servers.length}`, { isPinned, region }),
    );
    const rows = servers.map(({ fixed, ...row }, index) => {
      const name = `db-${index}`;
      const tenantCount = fixed + placed.filter((each) => each.server === name).length;
      return server(name, { ...row, tenantCount });
    });
    return { servers: rows, tenants: placed };
  });

/** Fills of the active servers, fullest first: less in the first place that differs is more level. */
const levelOf = (servers: readonly ServerRow[]): number[] =>
  servers
    .filter(({ status }) => status === "active")
    .map((each) => fillOf(each))
    .sort((left, right) => right - left);
const isMoreLevel = (now: readonly number[], before: readonly number[]): boolean => {
  const index = now.findIndex((fill, place) => fill !== before[place]);
  return index >= 0 && (now[index] ?? 0) < (before[index] ?? 0);
};

describe("a plan that levels servers", () => {
  test("moves the surplus of the fuller server, and not one tenant more", () => {
    const servers = [server("db-01", { tenantCount: 6 }), server("db-02", { tenantCount: 1 })];
    const tenants = ["a", "b", "c", "d", "e", "f"].map((slug) => tenant(slug, "db-01"));
    const { moves, after } = planLevelling(servers, tenants);
    expect(moves).toEqual([
      { slug: "a", from: "db-01", to: "db-02" },
      { slug: "b", from: "db-01", to: "db-02" },
    ]);
    expect(after.map(({ tenantCount }) => tenantCount)).toEqual([4, 3]);
  });

  test("empties a draining server, also of tenants whose entry names it, and says who can't leave", () => {
    const servers = [
      server("db-01", { status: "draining", tenantCount: 2 }),
      server("db-02", { capacityHint: 1 }),
    ];
    const tenants = [tenant("a", "db-01", { isPinned: true }), tenant("b", "db-01")];
    expect(planLevelling(servers, tenants)).toMatchObject({
      moves: [{ slug: "a", from: "db-01", to: "db-02" }],
      stranded: ["b"],
    });
  });

  test("counts connections too: the tighter of the two decides", () => {
    const servers = [
      server("db-01", { tenantCount: 4, maxConnections: 20 }),
      server("db-02", { tenantCount: 3 }),
    ];
    const tenants = ["a", "b", "c", "d"].map((slug) => tenant(slug, "db-01"));
    expect(planLevelling(servers, tenants).moves).toHaveLength(2);
  });

  test("never proposes an impossible move: every one has room, an active target and its tenant's region", () => {
    fc.assert(
      fc.property(world, ({ servers, tenants }) => {
        const { moves } = planLevelling(servers, tenants);
        const count = new Map(servers.map(({ name, tenantCount }) => [name, tenantCount]));
        for (const { slug, from, to } of moves) {
          const mover = tenants.find((each) => each.slug === slug);
          const target = servers.find(({ name }) => name === to);
          expect(mover).toMatchObject({ server: from });
          expect(target?.status).toBe("active");
          if (mover?.region !== "any") expect(target?.region).toBe(mover?.region);
          const next = (count.get(to) ?? 0) + 1;
          expect(next).toBeLessThanOrEqual(target?.capacityHint ?? 0);
          expect(next * (target?.tenantConnections ?? 0)).toBeLessThanOrEqual(target?.maxConnections ?? 0);
          count.set(to, next);
          count.set(from, (count.get(from) ?? 0) - 1);
        }
      }),
    );
  });

  test("moves nobody twice, nobody who is pinned to an active server, and each move levels", () => {
    fc.assert(
      fc.property(world, ({ servers, tenants }) => {
        const { moves } = planLevelling(servers, tenants);
        expect(new Set(moves.map(({ slug }) => slug)).size).toBe(moves.length);
        let now = servers;
        for (const { slug, from, to } of moves) {
          const before = now;
          now = now.map((row) => {
            const change = Number(row.name === to) - Number(row.name === from);
            return { ...row, tenantCount: row.tenantCount + change };
          });
          const isLeft = servers.find(({ name }) => name === from)?.status !== "active";
          expect(isLeft || isMoreLevel(levelOf(now), levelOf(before))).toBe(true);
          expect(isLeft || tenants.find((each) => each.slug === slug)?.isPinned === false).toBe(true);
        }
      }),
    );
  });

  test("is the same for the same rows in any order, and leaves nothing to plan when it is carried out", () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ servers, tenants }, seed) => {
        const plan = planLevelling(servers, tenants);
        const turned = <T>(list: readonly T[]) => [
          ...list.slice(seed % (list.length + 1)),
          ...list.slice(0, seed % (list.length + 1)),
        ];
        expect(planLevelling(turned(servers), turned(tenants))).toEqual(plan);
        const moved = tenants.map((each) => {
          const move = plan.moves.find(({ slug }) => slug === each.slug);
          // What was moved stays where it is: its entry names that server.
          return move === undefined ? each : { ...each, server: move.to, isPinned: true };
        });
        expect(planLevelling(plan.after, moved).moves).toEqual([]);
      }),
    );
  });
});
