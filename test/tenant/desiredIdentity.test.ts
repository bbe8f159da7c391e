import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toIdentitySeeds } from "../../src/tenant/desiredIdentity.ts";
import { ROLE_NAMES, seedSecretNames } from "../../src/tenant/identitySeeds.ts";
import { SLUG_PATTERN } from "../../src/tenant/names.ts";
import { DEFAULT_SEEDS } from "../../src/tenant/planSeeds.ts";

const WISH = {
  slug: "acme",
  product: "shop",
  hosts: ["acme.example.test", "portal.acme.test"],
  parent: { slug: "main" },
};

describe("what a tenant's identity begins with", () => {
  test("is the ten roles, their owners, scopes of the product, a way to the parent, an application and a key", () => {
    const seeds = toIdentitySeeds(WISH);
    expect(Object.keys(seeds.roles).sort()).toEqual([...ROLE_NAMES].sort());
    expect(seeds.groups).toEqual({ TenantOwners: { roles: [...ROLE_NAMES].sort(), hasAdmin: true } });
    expect(seeds.scopes).toEqual({
      all: { name: "shop_api" },
      read_only: { name: "shop_api.read_only" },
    });
    expect(seeds.apiResources).toEqual({
      api: { name: "shop_api", scopes: ["shop_api", "shop_api.read_only"] },
    });
    expect(seeds.providers).toEqual({
      parent: { kind: "parent", isEnabled: true, config: { parent: "main" } },
    });
    expect(seeds.applications).toEqual({
      default: {
        clientId: "shop.acme",
        callbackUrls: [
          "https://acme.example.test/signin-callback",
          "https://portal.acme.test/signin-callback",
        ],
        logoutUrls: [
          "https://acme.example.test/signout-callback",
          "https://portal.acme.test/signout-callback",
        ],
        scopes: ["email", "openid", "profile", "roles", "shop_api"],
        secretName: "tenant-client-acme",
      },
    });
    expect(seeds.connections).toEqual({ default: { strategy: "password", clientId: "shop.acme" } });
    expect(seeds.apiKeys).toEqual({
      default: { scopes: ["shop_api.read_only"], secretName: "tenant-key-acme--default" },
    });
    expect(Object.keys(seeds.identityResources)).toEqual(["openid", "profile", "email", "roles"]);
  });

  test("is what the plan says", () => {
    const seeds = toIdentitySeeds({
      ...WISH,
      seeds: {
        ...DEFAULT_SEEDS,
        roles: ["DashboardViewer", "ReportingViewer"],
        permissions: { ReportingViewer: ["reports:read", "exports:read"] },
        scopes: ["billing"],
        apiKeys: { ci: ["billing", "all"] },
        application: false,
        parentProvider: false,
      },
    });
    expect(seeds.roles).toEqual({
      DashboardViewer: { permissions: ["dashboards:read"] },
      ReportingViewer: { permissions: ["exports:read", "reports:read"] },
    });
    expect(seeds.groups.TenantOwners?.roles).toEqual(["DashboardViewer", "ReportingViewer"]);
    expect(seeds.apiKeys).toEqual({
      ci: { scopes: ["shop_api", "shop_api.billing"], secretName: "tenant-key-acme--ci" },
    });
    expect([seeds.applications, seeds.connections, seeds.providers]).toEqual([{}, {}, {}]);
  });

  test("of a database that names another's secrets, or none, no secret is the tenant's", () => {
    const foreign = toIdentitySeeds({ ...WISH, slug: "globex" });
    expect(seedSecretNames("globex", foreign)).toHaveLength(2);
    expect(seedSecretNames("acme", foreign)).toEqual([]);
    const own = (secretName: string) =>
      seedSecretNames("acme", { applications: {}, apiKeys: { default: { scopes: [], secretName } } });
    expect(["", "tenant-db-acme", "tenant-key-acme-x--default"].flatMap(own)).toEqual([]);
    expect(own("tenant-key-acme--default")).toEqual(["tenant-key-acme--default"]);
  });

  test("names no secret that another tenant's names too", () => {
    const slug = fc
      .stringMatching(SLUG_PATTERN)
      .filter((text) => !text.includes("--") && !text.endsWith("-"));
    const key = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}$/);
    const namesOf = (one: string, name: string) =>
      seedSecretNames(
        one,
        toIdentitySeeds({ ...WISH, slug: one, seeds: { ...DEFAULT_SEEDS, apiKeys: { [name]: ["all"] } } }),
      );
    fc.assert(
      fc.property(slug, slug, key, key, (one, other, first, second) => {
        fc.pre(one !== other);
        const all = [...namesOf(one, first), ...namesOf(other, second)];
        expect(new Set(all).size).toBe(4);
      }),
    );
  });
});
