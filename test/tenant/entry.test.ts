import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProblemsError } from "../../src/tenant/problems.ts";
import { entryOf, parse, problemsOf } from "./parsing.ts";
import { entryText } from "./project.ts";

describe("a good entry", () => {
  test("with only what is required has every default", () => {
    expect(entryOf(entryText())).toEqual({
      slug: "acme",
      displayName: "Acme Health",
      adminEmail: "admin@acme.example",
      environments: ["local"],
      overrides: {},
      hold: false,
      domains: [],
      isolation: "database",
      status: "active",
      plan: "trial",
      server: "auto",
      region: "any",
      settings: {},
      labels: {},
    });
  });

  test("keeps every field it may have", () => {
    const text = entryText(
      "legalName: Acme Health Incorporated",
      "status: suspended",
      "suspendReason: unpaid since March",
      "hold: true",
      "plan: standard",
      "server: db-02",
      "region: westeurope",
      "isolation: database",
      "database: acme_health",
      "domains: [portal.acme.example, acme.example]",
      "pathPrefix: /t/acme",
      "migrations: { target: '0002' }",
      "settings: { model: gpt-4o-mini, maxTokens: 1000, features: { basicChat: true } }",
      "labels: { tier: pilot }",
      "overrides: { prod: { plan: enterprise, server: db-09 } }",
    );
    expect(entryOf(text)).toEqual({
      slug: "acme",
      displayName: "Acme Health",
      legalName: "Acme Health Incorporated",
      adminEmail: "admin@acme.example",
      environments: ["local"],
      overrides: { prod: { plan: "enterprise", server: "db-09" } },
      hold: true,
      isolation: "database",
      status: "suspended",
      suspendReason: "unpaid since March",
      plan: "standard",
      server: "db-02",
      region: "westeurope",
      database: "acme_health",
      domains: ["portal.acme.example", "acme.example"],
      pathPrefix: "/t/acme",
      migrations: { target: "0002" },
      settings: { model: "gpt-4o-mini", maxTokens: 1000, features: { basicChat: true } },
      labels: { tier: "pilot" },
    });
  });

  test.each(["admin@acme.example", "first.last+tag@sub.acme.co.uk", "o'neil@x-y.io"])(
    "mails to %s",
    (email) => {
      expect(entryOf(entryText().replace("admin@acme.example", `"${email}"`)).adminEmail).toBe(email);
    },
  );
});

describe("a bad entry", () => {
  test("shows all its problems at once, sorted by place, each with what was expected and got", () => {
    const text = `displayName: 007
enviroments: [local]
environments: [local, local, mars]
adminEmail: nobody
plan: 12
hold: perhaps
domains: [Portal]
status: gone
server: DB 1
settings: { "1": 2 }
labels: { practices: 14 }
overrides: { prod: { isolation: schema, displayName: x }, moon: {} }
`;
    expect(problemsOf(text)).toEqual([
      "E_INVALID_ENTRY tenants/acme.yaml:1:14 'displayName': expected a decimal number, or text in quotes; got '007', which readers take for different numbers.",
      "E_INVALID_ENTRY tenants/acme.yaml:2:1 'enviroments': no such field; did you mean 'environments'?",
      "E_INVALID_ENTRY tenants/acme.yaml:3:23 'environments[1]': expected each environment once; got 'local' again.",
      "E_INVALID_ENTRY tenants/acme.yaml:3:30 'environments[2]': expected 'local' or 'prod' (stacks/Pulumi.<environment>.yaml); got 'mars'.",
      "E_INVALID_ENTRY tenants/acme.yaml:4:13 'adminEmail': expected an email address; got 'nobody'.",
      "E_INVALID_ENTRY tenants/acme.yaml:5:7 'plan': expected a plan's name (plans/*.yaml); got the number 12 (text needs quotes).",
      "E_INVALID_ENTRY tenants/acme.yaml:6:7 'hold': expected true or false; got 'perhaps'.",
      "E_INVALID_ENTRY tenants/acme.yaml:7:11 'domains[0]': expected a lowercase host name such as 'tenants.example.com'; got 'Portal'.",
      "E_INVALID_ENTRY tenants/acme.yaml:8:9 'status': expected 'active', 'suspended' or 'deleted'; got 'gone'.",
      "E_INVALID_ENTRY tenants/acme.yaml:9:9 'server': expected a server's name: 3 to 63 lowercase letters, digits and hyphens, a letter first; got 'DB 1'.",
      "E_INVALID_ENTRY tenants/acme.yaml:10:13 'settings.1': expected a setting's key: a letter, then letters, digits, '.', '_' and '-'; got '1'.",
      "E_INVALID_ENTRY tenants/acme.yaml:11:22 'labels.practices': expected one line of text, at most 256 characters; got the number 14 (text needs quotes).",
      "E_NOT_SUPPORTED tenants/acme.yaml:12:33 'overrides.prod.isolation': not built yet (a schema in a shared database); remove the field.",
      "E_INVALID_ENTRY tenants/acme.yaml:12:41 'overrides.prod.displayName': no such field; expected 'adminEmail', 'database', 'domains', 'hold', 'identity', 'labels', 'migrations', 'parent', 'pathPrefix', 'plan', 'purge', 'region', 'server', 'settings', 'status' or 'suspendReason'.",
      "E_INVALID_ENTRY tenants/acme.yaml:12:59 'overrides.moon': expected 'local' or 'prod' (stacks/Pulumi.<environment>.yaml); got 'moon'.",
    ]);
  });

  test("without its required fields names each", () => {
    expect(problemsOf("plan: trial")).toEqual([
      "E_INVALID_ENTRY tenants/acme.yaml:1:1 'displayName': expected one line, at most 100 characters; got nothing.",
      "E_INVALID_ENTRY tenants/acme.yaml:1:1 'environments': expected a list of environments such as [local]; got nothing.",
      "E_INVALID_ENTRY tenants/acme.yaml:1:1 'adminEmail': expected an email address; got nothing.",
    ]);
  });

  test("is one error whose code is the problems' own, or E_INVALID_ENTRY when they differ", () => {
    const only = new ProblemsError(
      parse(entryText("isolation: schema", "extras: { storage: true }")).problems,
    );
    expect([only.code, only.message]).toEqual([
      "E_NOT_SUPPORTED",
      "tenants/acme.yaml:4:12 'isolation': not built yet (a schema in a shared database); remove the field.\n" +
        "tenants/acme.yaml:5:1 'extras': not built yet (storage, vectors and health checks); remove the field.",
    ]);
    const mixed = new ProblemsError(parse(entryText("isolation: schema", "plan: [a]")).problems);
    expect([mixed.code, mixed.message]).toEqual([
      "E_INVALID_ENTRY",
      "tenants/acme.yaml:4:12 'isolation': not built yet (a schema in a shared database); remove the field. [E_NOT_SUPPORTED]\n" +
        "tenants/acme.yaml:5:7 'plan': expected a plan's name (plans/*.yaml); got a list. [E_INVALID_ENTRY]",
    ]);
  });

  test.each([
    ["isolation: schema", "isolation"],
    ["extras: { storage: true }", "extras"],
  ])("%s is not supported yet, by name", (line, field) => {
    const { problems } = parse(entryText(line));
    expect(problems.map(({ code, path }) => [code, path])).toEqual([["E_NOT_SUPPORTED", [field]]]);
  });

  test.each([
    "isolation: table",
    "hold: maybe",
    "database: postgres",
    "database: Acme",
    "region: ''",
    "legalName: ' x'",
    "environments: []",
    "environments: local",
    "overrides: { prod: }",
    "settings: [a]",
    "migrations: { target: 2 }",
  ])("%s is refused", (line) => {
    const base = line.startsWith("environments")
      ? entryText().replace("environments: [local]\n", "")
      : entryText();
    const { problems } = parse(`${base}${line}\n`);
    expect(problems.map(({ code, path }) => [code, path[0]])).toEqual([
      ["E_INVALID_ENTRY", line.split(":")[0]],
    ]);
  });

  test("a display name of several lines or with hidden characters is refused", () => {
    expect(parse(entryText().replace("Acme Health", '"Acme\\nHealth"')).problems).toHaveLength(1);
    expect(parse(entryText().replace("Acme Health", '"Acme\\u202eHealth"')).problems).toHaveLength(1);
  });

  test("the file's name is checked first, reserved names before their form", () => {
    expect(problemsOf(entryText(), "__farm__")).toEqual([
      "E_RESERVED_SLUG tenants/__farm__.yaml: file name: expected a slug that the platform doesn't use itself; got '__farm__'.",
    ]);
    expect(problemsOf(entryText(), "dev")[0]).toMatch(/^E_RESERVED_SLUG/);
    expect(problemsOf(entryText(), "Acme")[0]).toMatch(
      /^E_INVALID_SLUG tenants\/Acme\.yaml: file name: expected 3 to 40/,
    );
  });
});

describe("status", () => {
  test.each([
    [
      "suspendReason: unpaid",
      "'suspendReason': expected only with 'status: suspended'; got 'status: active'.",
    ],
    [
      "status: deleted\nsuspendReason: unpaid",
      "'suspendReason': expected only with 'status: suspended'; got 'status: deleted'.",
    ],
    ["purge: acme", "'purge': expected only with 'status: deleted'; got 'status: active'."],
    [
      "status: suspended\npurge: acme",
      "'purge': expected only with 'status: deleted'; got 'status: suspended'.",
    ],
    ["status: deleted\npurge: other", "'purge': expected this tenant's slug 'acme'; got 'other'."],
    [
      "overrides: { prod: { purge: acme } }",
      "'overrides.prod.purge': expected only with 'status: deleted'; got 'status: active'.",
    ],
    [
      "overrides: { prod: { status: deleted, purge: x } }",
      "'overrides.prod.purge': expected this tenant's slug 'acme'; got 'x'.",
    ],
  ])("%j is refused", (lines, message) => {
    expect(problemsOf(entryText(lines))).toEqual([expect.stringContaining(message)]);
  });

  test("suspended may say why, deleted may confirm its purge", () => {
    expect(entryOf(entryText("status: suspended")).status).toBe("suspended");
    expect(entryOf(entryText("status: suspended", "suspendReason: unpaid")).suspendReason).toBe("unpaid");
    expect(entryOf(entryText("status: deleted", "purge: acme")).purge).toBe("acme");
  });
});

test("whatever stands in an entry, parsing answers an entry or problems with a place in the file", () => {
  const name = fc.constantFrom(
    "displayName",
    "adminEmail",
    "environments",
    "overrides",
    "status",
    "plan",
    "settings",
    "labels",
    "hold",
    "purge",
    "x",
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 3 })), (fields) => {
      const { entry, problems } = parse(JSON.stringify(fields));
      expect(entry === undefined).toBe(problems.length > 0);
      for (const { place, text } of problems) {
        expect(place).toMatchObject({ file: "tenants/acme.yaml", line: 1 });
        expect(text).toMatch(
          /^(expected .+; got .+\.|no such field; .+[.?]|not built yet .+\.|the key .+\.)/s,
        );
      }
    }),
    { numRuns: 500 },
  );
});
