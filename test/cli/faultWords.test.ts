import { describe, expect, test } from "vitest";
import { describeEffect, describeReach, parseFault } from "../../src/cli/faultWords.ts";
import { main } from "../../src/cli/index.ts";

const words = (line: string) => line.split(" ");

describe("`local fault add`", () => {
  test.each([
    [
      "arm --status 429 --times 3 --after 2",
      { service: "arm", effect: { kind: "status", status: 429 }, times: 3, after: 2 },
    ],
    [
      "vault tenants --status 409 --code ObjectIsBeingRecovered --retry-after 1 --method PUT",
      {
        service: "vault",
        name: "tenants",
        method: "PUT",
        effect: { kind: "status", status: 409, code: "ObjectIsBeingRecovered", retryAfterSeconds: 1 },
      },
    ],
    ["dns --servfail --path acme", { service: "dns", effect: { kind: "servfail" }, path: "acme" }],
    ["arm --cut after", { service: "arm", effect: { kind: "cut", moment: "after" } }],
    ["identity --no-answer", { service: "identity", effect: { kind: "silence" } }],
    ["frontDoor --origin-down", { service: "frontDoor", effect: { kind: "originDown" } }],
    ["arm --latency 200", { service: "arm", effect: { kind: "latency", latencyMs: 200 } }],
    [
      "postgres --server db-01 --crash --restart-after 500",
      { service: "postgres", name: "db-01", effect: { kind: "crash", restartAfterMs: 500 } },
    ],
    [
      "postgres --server db-01 --sqlstate 53100 --path COMMIT",
      { service: "postgres", name: "db-01", effect: { kind: "sqlState", sqlState: "53100" }, path: "COMMIT" },
    ],
  ])("%s", (line, order) => {
    expect(parseFault(words(line))).toEqual(order);
  });

  test.each([
    ["--status 429", "`local fault add`: expected a service."],
    ["arm more words --status 429", "`local fault add`: unexpected 'words'."],
    ["arm --crash --status 429", /expected exactly one of `--status`, .*`--crash`\./],
    ["arm", /expected exactly one of/],
    ["arm --status x", "`--status`: expected a whole number from 0; got 'x'."],
    ["arm --status 429 --times 0", "`--times`: expected a whole number from 1; got '0'."],
    ["arm --cut sometimes", "`--cut`: expected 'before' or 'after'; got 'sometimes'."],
    ["arm --latency 1 --code X", "`--code` belongs to `--status`."],
    ["arm --no-answer --restart-after 1", "`--restart-after` belongs to `--crash`."],
    ["vault tenants --server db-01 --no-answer", "`local fault add`: one name; got 'tenants' and 'db-01'."],
    ["arm --statsu 429", /Unknown option '--statsu'/],
  ])("%s is refused before anything starts", (line, message) => {
    expect(() => parseFault(words(line))).toThrow(message);
  });
});

test("a fault is told in words", () => {
  const fault = { id: "f1", service: "arm", seen: 0, struck: 0 };
  const busy = { kind: "status", status: 429, retryAfterSeconds: 2 } as const;
  expect(describeEffect(busy)).toBe("answers 429, Retry-After 2 s");
  expect(describeEffect({ kind: "cut", moment: "after" })).toBe("carries out, then cuts");
  expect(describeReach({ ...fault, effect: busy, method: "PUT", path: "/a", times: 1, after: 2 })).toBe(
    "PUT /a, 1 time, after 2",
  );
  expect(describeReach({ ...fault, effect: busy })).toBe("");
});

describe("`tenantry local`", () => {
  async function run(...argv: string[]): Promise<{ readonly code: number; readonly err: string }> {
    const err: string[] = [];
    const io = { out: () => undefined, err: (text: string) => void err.push(text) };
    const code = await main(["local", ...argv], { ...io, isTerminal: false, columns: 100 });
    return { code, err: err.join("") };
  }

  test.each([
    [["start", "now"], "`local start` takes no more words; got 'now'."],
    [["status", "--status", "429"], "`local status` takes no more words; got '--status 429'."],
    [["fault"], "`local fault`: expected add, list, clear; got ''."],
    [["fault", "list", "f1"], "`local fault list`: unexpected 'f1'."],
    [["fault", "clear"], "`local fault clear`: expected an id or `--all`; got ''."],
    [["fault", "clear", "--everything"], "expected an id or `--all`; got '--everything'."],
    [["fault", "add", "arm"], "`local fault add`: expected exactly one of"],
  ])("%j is a wrong call and starts nothing", async (argv, message) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  test("has faults of its own environment only", async () => {
    expect(await run("fault", "list", "--env", "prod")).toMatchObject({
      code: 3,
      err: expect.stringContaining("E_WRONG_ENVIRONMENT"),
    });
  });
});
