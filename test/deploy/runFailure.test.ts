import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/deploy/index.ts";
import { explainRunFailure, findCoded, RunFailedError } from "../../src/deploy/runFailure.ts";

const RUN = { stack: "local.acme", environment: "local" };
const failed = (...messages: string[]): readonly Diagnostic[] =>
  messages.map((message) => ({ severity: "error", message }));

describe("explainRunFailure", () => {
  test("finds our code, message and hint in an engine's diagnostics", () => {
    const diagnostics = failed(
      "update failed",
      'creating tenantry:index:Migrations: E_MIGRATIONS_FAILED: migrations/tenant/0002_x.sql:3: relation "a" does not exist.\n  Correct the file and run again.',
    );
    expect(explainRunFailure(new Error("code: 255"), { ...RUN, diagnostics })).toMatchObject({
      name: "UserError",
      code: "E_MIGRATIONS_FAILED",
      message: 'migrations/tenant/0002_x.sql:3: relation "a" does not exist.',
      hint: "Correct the file and run again.",
    });
  });

  test("a missing platform stack is told with the command that makes it", () => {
    const diagnostics = failed('Preview failed: unknown stack "organization/tenantry/local"');
    expect(explainRunFailure(new Error("code: 255"), { ...RUN, diagnostics })).toMatchObject({
      code: "E_UNREACHABLE",
      message: "environment 'local' has no platform stack 'local' yet.",
      hint: "`tenantry up --platform --env local` makes it.",
    });
  });

  test("a role that azure-native's identity lacks is told with identity, action and scope", () => {
    const diagnostics = failed(
      "creating azure-native:dns:RecordSet: Status=403 Code=\"AuthorizationFailed\" Message=\"The client 'ada' with object id 'o-1' does not have authorization to perform action 'Microsoft.Network/dnsZones/TXT/write' over scope '/subscriptions/s/x' or the scope is invalid. If access was recently granted, please refresh your credentials.\"",
      "update failed",
    );
    expect(explainRunFailure(new Error("code: 255"), { ...RUN, diagnostics })).toMatchObject({
      name: "UserError",
      code: "PROVISIONING_UNAVAILABLE",
      message:
        "identity 'ada' (object id 'o-1') is not allowed to perform 'Microsoft.Network/dnsZones/TXT/write' on '/subscriptions/s/x'.",
    });
  });

  test("what has no code keeps the engine's words, without passwords", () => {
    const diagnostics = failed("azure-native: 403 Forbidden");
    const error = explainRunFailure(new Error("stderr: postgres://a:hunter2@h/d"), { ...RUN, diagnostics });
    expect(error).toBeInstanceOf(RunFailedError);
    expect(error.message).toBe("azure-native: 403 Forbidden");
    const bare = explainRunFailure(new Error("stderr: postgres://a:hunter2@h/d"), {
      ...RUN,
      diagnostics: [],
    });
    expect(bare.message).toBe("stderr: postgres://a:[secret]@h/d");
  });
});

describe("findCoded", () => {
  test("takes only codes that exist", () => {
    expect(findCoded("E_NO_SUCH_CODE: x")).toBeUndefined();
    expect(findCoded("PROVISIONING_UNAVAILABLE: vault: no answer.")).toEqual({
      code: "PROVISIONING_UNAVAILABLE",
      message: "vault: no answer.",
    });
  });

  test("takes no line of a stack for a hint", () => {
    const text = "E_UNREACHABLE: master can't be reached.\n    at Object.callback (/app/invoke.ts:281:37)";
    expect(findCoded(text)).toEqual({ code: "E_UNREACHABLE", message: "master can't be reached." });
  });

  test("leaves out what Pulumi adds to a failed check: an input's name is no field of an entry", () => {
    const text = "E_IMMUTABLE: 'database' never changes.. Examine values at 'acme-record.databaseName'.";
    expect(findCoded(text)?.message).toBe("'database' never changes.");
  });

  test("keeps every problem of a list", () => {
    const text = "E_INVALID_ENTRY: tenants/a.yaml:1:1: one.\ntenants/a.yaml:2:1: two.";
    expect(findCoded(text)?.message).toBe("tenants/a.yaml:1:1: one.\ntenants/a.yaml:2:1: two.");
  });
});
