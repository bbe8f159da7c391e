import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertSlug,
  databaseNameOf,
  databaseRefusal,
  hostOf,
  hostRefusal,
  isEnvironmentName,
  MAX_POSTGRES_NAME_BYTES,
  RESERVED_SLUGS,
  roleNameOf,
  secretNameOf,
  slugRefusal,
  stackOf,
} from "../../src/tenant/names.ts";

const ENVIRONMENTS = ["local", "dev", "prod"];

/** Every legal slug can come out: words of letters and digits joined by single hyphens. */
const legalSlug = fc
  .tuple(
    fc.stringMatching(/^[a-z][a-z0-9]{0,12}$/),
    fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { maxLength: 4 }),
  )
  .map(([first, rest]) => [first, ...rest].join("-"))
  .filter((slug) => slug.length >= 3 && slug.length <= 40)
  .filter((slug) => ![...RESERVED_SLUGS, ...ENVIRONMENTS].includes(slug));

const legalDatabase = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,56}$/)
  .filter((name) => databaseRefusal(name) === undefined);

describe("slugs", () => {
  test("every slug of the form is legal", () => {
    fc.assert(fc.property(legalSlug, (slug) => slugRefusal(slug, ENVIRONMENTS) === undefined));
  });

  test("any text that is accepted has the form, and is safe in a file name, a host and an identifier", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-zA-Z0-9_-]{0,45}$/)),
        (text) => {
          if (slugRefusal(text, ENVIRONMENTS) !== undefined) return;
          expect(text).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
          expect(text.length).toBeGreaterThanOrEqual(3);
          expect(text.length).toBeLessThanOrEqual(40);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("reserved names are called reserved, also those of another form", () => {
    for (const slug of [...RESERVED_SLUGS, ...ENVIRONMENTS]) {
      expect(slugRefusal(slug, ENVIRONMENTS)?.code).toBe("E_RESERVED_SLUG");
    }
  });

  test.each([
    "",
    "ab",
    "a".repeat(41),
    "Acme",
    "acme-",
    "ac--me",
    "1acme",
    "acme corp",
    "acme\n",
    "acmé",
    "ac_me",
    "../acme",
    "$(id)",
    'x"; DROP ROLE y; --',
    "acme\u0000",
    "acme\u202e",
    "xn--acme",
  ])("%j is no slug", (slug) => {
    expect(slugRefusal(slug, ENVIRONMENTS)?.code).toBe("E_INVALID_SLUG");
  });

  test("a typed slug is refused with what was got, controls made visible", () => {
    expect(() => assertSlug("acme\u202e", ENVIRONMENTS)).toThrow(
      "slug 'acme\\u{202e}': expected 3 to 40 lowercase letters, digits and single hyphens, a letter first and no hyphen last; got 'acme\\u{202e}'.",
    );
  });
});

describe("names made from a slug", () => {
  test("fit PostgreSQL, Key Vault and DNS", () => {
    fc.assert(
      fc.property(legalSlug, (slug) => {
        const database = databaseNameOf(slug);
        expect(databaseRefusal(database)).toBeUndefined();
        expect(Buffer.byteLength(roleNameOf(database))).toBeLessThanOrEqual(MAX_POSTGRES_NAME_BYTES);
        expect(secretNameOf(slug)).toMatch(/^[0-9a-zA-Z-]{1,127}$/);
        expect(hostRefusal(hostOf(slug, "tenants.example.com"))).toBeUndefined();
        expect(stackOf("a".repeat(20), slug).length).toBeLessThanOrEqual(100);
      }),
    );
  });

  test("two slugs never share a name", () => {
    fc.assert(
      fc.property(legalSlug, legalSlug, (one, other) => {
        fc.pre(one !== other);
        expect(databaseNameOf(one)).not.toBe(databaseNameOf(other));
        expect(secretNameOf(one)).not.toBe(secretNameOf(other));
      }),
    );
  });

  test("are the documented ones", () => {
    expect(databaseNameOf("north-wind")).toBe("tenant_north_wind");
    expect(roleNameOf("tenant_north_wind")).toBe("tenant_north_wind_owner");
    expect(secretNameOf("north-wind")).toBe("tenant-db-north-wind");
    expect(hostOf("north-wind", "example.com")).toBe("north-wind.example.com");
    expect(stackOf("local", "north-wind")).toBe("local.north-wind");
  });
});

describe("database names", () => {
  test("every legal one leaves room for its role and is no reserved name", () => {
    fc.assert(
      fc.property(legalDatabase, (name) => {
        expect(Buffer.byteLength(roleNameOf(name))).toBeLessThanOrEqual(MAX_POSTGRES_NAME_BYTES);
        expect(name).not.toMatch(/^(pg_|tenantry|tmpl_)/);
      }),
    );
  });

  test.each([
    "postgres",
    "template1",
    "pg_x",
    "tmpl_tenantry_0123456789ab",
    "tenantry_master",
    "tenantry_template",
    "azure_maintenance",
    "a".repeat(58),
    "é".repeat(33),
    "Acme",
    "a-b",
    'x"y',
    "a\nb",
    "",
    "_a",
  ])("%j is refused", (name) => {
    expect(databaseRefusal(name)).toBeDefined();
  });
});

test("environment names fit a stack's name and a file's", () => {
  expect(["local", "prod-eu1"].map(isEnvironmentName)).toEqual([true, true]);
  expect(["", "local.acme", "Prod", "a".repeat(21), "a-", "1a", "../x"].map(isEnvironmentName)).toEqual(
    Array(7).fill(false),
  );
});

test.each([
  "example",
  "a..b",
  "-a.com",
  "a-.com",
  "A.com",
  `${"a".repeat(64)}.com`,
  `${"a.".repeat(126)}ab`,
  "a.com.",
])("%j is no host", (host) => {
  expect(hostRefusal(host)).toBeDefined();
});
