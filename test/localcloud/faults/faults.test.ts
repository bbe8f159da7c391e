import { describe, expect, test } from "vitest";
import { checkFault, type FaultOrder, Faults } from "../../../src/localcloud/faults/index.ts";

const BUSY = { kind: "status", status: 429 } as const;
const GET = { service: "arm", method: "GET", path: "/subscriptions/1" } as const;

describe("a fault that is set", () => {
  test("strikes after as many requests as it says, as often as it says, and counts both", () => {
    const faults = new Faults();
    faults.add({ service: "arm", effect: BUSY, after: 2, times: 3 });
    const struck = Array.from({ length: 7 }, () => faults.take(GET)?.kind ?? "passes");
    expect(struck).toEqual(["passes", "passes", "status", "status", "status", "passes", "passes"]);
    expect(faults.list()).toEqual([
      { id: "f1", service: "arm", effect: BUSY, after: 2, times: 3, seen: 7, struck: 3 },
    ]);
  });

  test("strikes until it is cleared, where it says no number, and a crash once", () => {
    const faults = new Faults();
    faults.add({ service: "arm", effect: BUSY });
    expect([1, 2, 3].map(() => faults.take(GET))).toEqual([BUSY, BUSY, BUSY]);
    expect(faults.clear("f1")).toMatchObject([{ id: "f1", struck: 3 }]);
    expect(faults.take(GET)).toBeUndefined();
    const crash = { kind: "crash" } as const;
    faults.add({ service: "postgres", name: "db-01", effect: crash, path: "CREATE" });
    const statement = { service: "postgres", name: "db-01", path: "CREATE DATABASE a" } as const;
    expect([1, 2].map(() => faults.take(statement))).toEqual([crash, undefined]);
  });

  test("is narrowed by service, name without case, method without case and text of the path", () => {
    const faults = new Faults();
    faults.add({ service: "vault", effect: BUSY, name: "Tenants", method: "put", path: "/secrets/a" });
    const target = { service: "vault", name: "tenants", method: "PUT", path: "/secrets/acme" } as const;
    expect(faults.take({ ...target, service: "arm" })).toBeUndefined();
    expect(faults.take({ ...target, name: "platform" })).toBeUndefined();
    expect(faults.take({ ...target, method: "GET" })).toBeUndefined();
    expect(faults.take({ ...target, path: "/secrets/b" })).toBeUndefined();
    expect(faults.take(target)).toEqual(BUSY);
    expect(faults.list()).toMatchObject([{ seen: 1, struck: 1 }]);
  });

  test("leaves a request to the oldest that is due, and every one that matches counts it", () => {
    const faults = new Faults();
    const late = { kind: "latency", latencyMs: 1 } as const;
    faults.add({ service: "arm", effect: BUSY, times: 1 });
    faults.add({ service: "arm", effect: late, after: 1 });
    expect([1, 2].map(() => faults.take(GET))).toEqual([BUSY, late]);
    expect(faults.list()).toMatchObject([
      { id: "f1", seen: 2, struck: 1 },
      { id: "f2", seen: 2, struck: 1 },
    ]);
  });

  test("has an id that no later one gets, and all go at once", () => {
    const faults = new Faults();
    const add = () => faults.add({ service: "dns", effect: { kind: "servfail" } }).id;
    expect([add(), add()]).toEqual(["f1", "f2"]);
    expect(faults.clear().map(({ id }) => id)).toEqual(["f1", "f2"]);
    expect(add()).toBe("f3");
    expect(faults.list()).toHaveLength(1);
  });
});

describe("what isn't built is refused by name", () => {
  const REFUSED: readonly [FaultOrder, string][] = [
    [
      { service: "dns", effect: BUSY },
      "fault: `--status` is not built for 'dns'; expected one of `--latency`, `--no-answer`, `--servfail`.",
    ],
    [
      { service: "arm", effect: { kind: "crash" } },
      "fault: `--crash` is not built for 'arm'; expected one of `--status`, `--latency`, `--cut`, `--no-answer`.",
    ],
    [
      { service: "postgres", effect: { kind: "silence" } },
      "fault: 'postgres' needs the name of a server: `--server <name>`.",
    ],
    [
      { service: "postgres", effect: { kind: "silence" }, name: "db-01", method: "GET" },
      "fault: `--method` is not built for 'postgres'; `--path` looks into the statement.",
    ],
    [{ service: "arm", effect: BUSY, name: "x" }, "fault: 'arm' is one: it has no name; got 'x'."],
    [
      { service: "postgres", effect: { kind: "crash" }, name: "db-01", times: 2 },
      "fault: a crash without `--path` happens once, now: `--times` is not built for it.",
    ],
    [
      { service: "arm", effect: { kind: "status", status: 200 } },
      "fault: `--status`: expected 400 to 599; got '200'.",
    ],
    [
      { service: "postgres", effect: { kind: "sqlState", sqlState: "00000" }, name: "db-01" },
      "fault: `--sqlstate`: expected an error's five letters and digits; got '00000'.",
    ],
    [
      { service: "cdn" as "arm", effect: BUSY },
      "fault: expected arm, vault, dns, frontDoor, identity, postgres; got 'cdn'.",
    ],
  ];

  test.each(REFUSED)("%j", (order, message) => {
    expect(() => checkFault(order)).toThrow(expect.objectContaining({ code: "E_NOT_SUPPORTED", message }));
  });

  test("and what is built isn't", () => {
    const built: readonly FaultOrder[] = [
      { service: "vault", effect: BUSY, name: "tenants", method: "PUT" },
      { service: "frontDoor", effect: { kind: "originDown" } },
      { service: "dns", effect: { kind: "servfail" }, method: "TXT" },
      { service: "postgres", effect: { kind: "crash", restartAfterMs: 10 }, name: "db-01" },
      { service: "postgres", effect: { kind: "sqlState", sqlState: "53100" }, name: "db-01", path: "COPY" },
    ];
    for (const order of built) expect(() => checkFault(order)).not.toThrow();
  });
});
