import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { removeEntryField, setEntryField } from "../../src/tenant/editEntry.ts";
import { renderNewEntry } from "../../src/tenant/newEntry.ts";
import { parseYamlDocument } from "../../src/tenant/yamlDocument.ts";
import { entryOf } from "./parsing.ts";

const FILE = "tenants/acme.yaml";
const TEXT = `# Acme, a pilot customer
displayName:   "Acme Health"   # as on the sign
status: active # since May
plan: trial

# what they asked for
settings:
  maxTokens: 1000 # more
`;

describe("setting a field", () => {
  test("changes its value in place and nothing else", () => {
    expect(setEntryField(TEXT, FILE, "status", "deleted")).toBe(
      TEXT.replace("status: active", "status: deleted"),
    );
  });

  test("adds a line after status, comments and order kept", () => {
    const deleted = setEntryField(TEXT, FILE, "status", "deleted");
    expect(setEntryField(deleted, FILE, "purge", "acme")).toBe(
      TEXT.replace("status: active # since May\n", "status: deleted # since May\npurge: acme\n"),
    );
  });

  test("adds a line at the end when there is no status", () => {
    expect(setEntryField("displayName: x\nsettings:\n  a: 1\n", FILE, "status", "deleted")).toBe(
      "displayName: x\nsettings:\n  a: 1\nstatus: deleted\n",
    );
    expect(setEntryField("displayName: x", FILE, "status", "deleted")).toBe(
      "displayName: x\nstatus: deleted\n",
    );
  });

  test("keeps Windows line ends", () => {
    expect(setEntryField("displayName: x\r\nstatus: active\r\nplan: trial\r\n", FILE, "purge", "acme")).toBe(
      "displayName: x\r\nstatus: active\r\npurge: acme\r\nplan: trial\r\n",
    );
  });

  test("quotes what YAML would read otherwise", () => {
    expect(setEntryField("status: suspended\n", FILE, "suspendReason", "no: unpaid # bill 7")).toBe(
      'status: suspended\nsuspendReason: "no: unpaid # bill 7"\n',
    );
  });

  test("replaces quoted and block texts whole", () => {
    expect(
      setEntryField("suspendReason: >-\n  very\n  long\nstatus: suspended\n", FILE, "suspendReason", "short"),
    ).toBe("suspendReason: short\nstatus: suspended\n");
    expect(setEntryField("suspendReason: 'it''s'\nstatus: suspended\n", FILE, "suspendReason", "short")).toBe(
      "suspendReason: short\nstatus: suspended\n",
    );
    expect(setEntryField("suspendReason:\nstatus: suspended\n", FILE, "suspendReason", "short")).toBe(
      "suspendReason: short\nstatus: suspended\n",
    );
  });

  test("any text comes back when read, and every other field stays", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,60}$/), (reason) => {
        const edited = setEntryField(TEXT, FILE, "suspendReason", reason);
        const { root } = parseYamlDocument(edited, FILE);
        expect(root).toEqual({ ...parseYamlDocument(TEXT, FILE).root, suspendReason: reason });
        expect(removeEntryField(edited, FILE, "suspendReason")).toBe(TEXT);
      }),
    );
  });

  test("is refused for a text that isn't a readable entry", () => {
    expect(() => setEntryField("a: [", FILE, "status", "deleted")).toThrow(
      "tenants/acme.yaml: expected a readable entry to edit.",
    );
  });

  test("works between braces too", () => {
    expect(setEntryField("{ status: deleted, plan: trial }", FILE, "purge", "acme")).toBe(
      "{ status: deleted, purge: acme, plan: trial }",
    );
    expect(setEntryField("{ status: deleted }", FILE, "status", "active")).toBe("{ status: active }");
    expect(setEntryField("{}", FILE, "status", "active")).toBe("{ status: active}");
  });
});

describe("an environment whose override decides the status", () => {
  const BLOCK =
    "status: active\noverrides:\n  prod:\n    status: deleted # sold\n    plan: trial\n  dev:\n    plan: x1\n";
  const FLOW = "status: active\noverrides: { prod: { status: deleted } }\n";

  test("is edited there", () => {
    expect(setEntryField(BLOCK, FILE, "purge", "acme", "prod")).toBe(
      BLOCK.replace("# sold\n", "# sold\n    purge: acme\n"),
    );
    expect(setEntryField(FLOW, FILE, "purge", "acme", "prod")).toBe(
      FLOW.replace("deleted }", "deleted, purge: acme }"),
    );
    expect(setEntryField(BLOCK, FILE, "status", "active", "prod")).toBe(BLOCK.replace("deleted", "active"));
  });

  test("leaves other environments to the top", () => {
    expect(setEntryField(BLOCK, FILE, "status", "suspended", "dev")).toBe(
      BLOCK.replace("status: active", "status: suspended"),
    );
    expect(setEntryField(BLOCK, FILE, "status", "suspended", "local")).toBe(
      BLOCK.replace("status: active", "status: suspended"),
    );
  });

  test("is taken back to the byte", () => {
    for (const text of [BLOCK, FLOW]) {
      const edited = setEntryField(text, FILE, "purge", "acme", "prod");
      expect(removeEntryField(edited, FILE, "purge", "prod")).toBe(text);
    }
  });
});

describe("removing a field", () => {
  test("takes its line with its comment, and nothing else", () => {
    expect(removeEntryField(TEXT, FILE, "status")).toBe(TEXT.replace("status: active # since May\n", ""));
  });

  test("takes its comma between braces", () => {
    expect(removeEntryField("{ purge: acme, status: deleted }", FILE, "purge")).toBe("{ status: deleted }");
    expect(removeEntryField("{ status: deleted, purge: acme }", FILE, "purge")).toBe("{ status: deleted }");
    expect(removeEntryField("{ purge: acme }", FILE, "purge")).toBe("{  }");
  });

  test("that isn't there changes nothing", () => {
    expect(removeEntryField(TEXT, FILE, "purge")).toBe(TEXT);
  });
});

describe("a new entry", () => {
  test("is what a person would write", () => {
    expect(
      renderNewEntry({
        displayName: "Acme Health",
        legalName: "Acme: Health #1",
        adminEmail: "admin@acme.example",
        environments: ["local"],
        plan: "trial",
      }),
    ).toBe(`# yaml-language-server: $schema=../schema/tenant.schema.json
displayName: Acme Health
legalName: "Acme: Health #1"
adminEmail: admin@acme.example
environments: [local]
status: active
plan: trial
`);
  });

  test("reads back as told, whatever the names", () => {
    const name = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);
    fc.assert(
      fc.property(name, (displayName) => {
        const text = renderNewEntry({
          displayName,
          adminEmail: "a@b.example",
          environments: ["local"],
          plan: "trial",
        });
        expect(parseYamlDocument(text, FILE).root.displayName).toBe(displayName);
      }),
    );
  });

  test("is a good one", () => {
    const text = renderNewEntry({
      displayName: "007",
      adminEmail: "a@b.example",
      environments: ["local", "prod"],
      plan: "trial",
    });
    expect(entryOf(text).displayName).toBe("007");
  });
});
