import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ArmResource } from "../../../src/localcloud/arm/armResource.ts";
import { CDN } from "../arm/harness.ts";
import { type EdgeBench, HOST, openEdge, PROFILE, startOrigin, type TestOrigin } from "./edgeBench.ts";

let edge: EdgeBench;
let started: TestOrigin[];

beforeEach(async () => {
  started = [];
  edge = await openEdge();
});
afterEach(async () => {
  await edge.stop();
  await Promise.all(started.map((origin) => origin.stop()));
});

/** A route to the origins that are there, without the bench's own. */
async function route(): Promise<void> {
  const origins = `${PROFILE}/originGroups/g/origins`;
  await edge.cloud.arm("DELETE", `${origins}/o`, CDN);
  expect((await edge.putRoute("r")).status).toBe(201);
}

/** An origin that answers with its own name. */
async function named(name: string, properties: object = {}): Promise<TestOrigin> {
  const origin = await startOrigin((_, body) => ({ body: body === "" ? name : `${name} ${body}` }));
  started.push(origin);
  await edge.putOrigin(name, origin.port, properties);
  return origin;
}

/** How often each origin answered. */
async function shares(requests: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (let number = 0; number < requests; number += 1) {
    const { body } = await edge.ask(HOST);
    found[body] = (found[body] ?? 0) + 1;
  }
  return found;
}

// https://learn.microsoft.com/azure/frontdoor/routing-methods ("Weighted traffic-routing method")
test("origins of one priority share requests in the ratio of their weights, in turn", async () => {
  await named("five", { weight: 50 });
  await named("eight", { weight: 80 });
  await route();
  expect(await shares(26)).toEqual({ five: 10, eight: 16 });
  const turns = [];
  for (let number = 0; number < 4; number += 1) turns.push((await edge.ask(HOST)).body);
  expect(new Set(turns).size).toBe(2);
});

// https://learn.microsoft.com/azure/frontdoor/routing-methods ("Priority-based traffic-routing")
test("the lowest priority number gets everything while it is there, then the next, then the first again", async () => {
  const first = await named("first", { priority: 1 });
  const twin = await named("twin", { priority: 1 });
  await named("second", { priority: 2, weight: 1000 });
  await route();
  expect(await shares(4)).toEqual({ first: 2, twin: 2 });
  await first.stop();
  expect(await shares(4)).toEqual({ twin: 4 });
  await twin.stop();
  expect(await shares(4)).toEqual({ second: 4 });
  await named("first", { priority: 1 });
  expect(await shares(2)).toEqual({ first: 2 });
});

// https://learn.microsoft.com/azure/frontdoor/health-probes ("Exclude disabled origins")
test("a disabled origin gets nothing", async () => {
  await named("on");
  await named("off", { enabledState: "Disabled" });
  await route();
  expect(await shares(4)).toEqual({ on: 4 });
});

test("a body reaches the second origin whole when the first can't be connected", async () => {
  const gone = await named("gone", { priority: 1 });
  await gone.stop();
  await named("there", { priority: 2 });
  await route();
  const body = "x".repeat(300_000);
  expect((await edge.ask(HOST, { method: "POST", body })).body).toBe(`there ${body}`);
});

// https://learn.microsoft.com/azure/frontdoor/troubleshoot-issues ("503 … from Azure Front Door")
test("no origin there is 503 with every reason", async () => {
  const gone = await named("gone");
  await gone.stop();
  await edge.putOrigin("far", 80, { hostName: "app.example.com", priority: 2 });
  await route();
  const down = await edge.ask(HOST);
  expect([down.status, down.headers["x-cache"], JSON.parse(down.body).error]).toEqual([
    503,
    "CONFIG_NOCACHE",
    {
      code: "OriginUnavailable",
      message: `No origin answers for '${HOST}': 'localhost': connect ECONNREFUSED 127.0.0.1:${gone.port}; 'app.example.com' is not on this machine.`,
    },
  ]);
});

test("a request that an origin took and cut off is 503 and is not sent to another", async () => {
  let taken = 0;
  const cutter = net.createServer((socket) => {
    socket.on("data", () => {
      taken += 1;
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => cutter.listen(0, "127.0.0.1", resolve));
  await edge.putOrigin("cutter", (cutter.address() as AddressInfo).port, { priority: 1 });
  const other = await named("other", { priority: 2 });
  await route();
  const { status, body } = await edge.ask(HOST, { method: "POST", body: "pay" });
  expect([status, JSON.parse(body).error.code]).toEqual([503, "OriginUnavailable"]);
  expect([taken, other.requests.length]).toEqual([1, 0]);
  cutter.close();
});

test("an origin that takes longer than the profile allows is 503", async () => {
  const silent = net.createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  await edge.putOrigin("silent", (silent.address() as AddressInfo).port);
  await route();
  // Azure takes 16 to 240 seconds; nobody waits for those here.
  const { store } = edge.cloud;
  const { id = "", doc } =
    store.list<ArmResource>("arm").find((each) => each.id.endsWith("/profiles/p")) ?? {};
  const properties = { ...doc?.properties, originResponseTimeoutSeconds: 0.2 };
  await store.put("arm", id, { ...doc, properties });
  const late = await edge.ask(HOST);
  expect([late.status, JSON.parse(late.body).error.message]).toEqual([
    503,
    `No origin answers for '${HOST}': 'localhost': socket hang up.`,
  ]);
  silent.close();
});

// https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol ("From the Front Door to the backend")
test("the origin gets Front Door's headers, and the client a reference and what became of the cache", async () => {
  const origin = await named("o1", { originHostHeader: "app.example.com" });
  await route();
  const { headers } = await edge.ask(HOST, {
    headers: { "x-forwarded-for": "203.0.113.9", "x-forwarded-host": "forged", "x-azure-fdid": "forged" },
  });
  const { frontDoorId } = (await edge.cloud.arm("GET", PROFILE, CDN)).body.properties;
  expect(origin.requests[0]?.headers).toMatchObject({
    host: "app.example.com",
    via: "1.1 Azure",
    "x-azure-clientip": "127.0.0.1",
    "x-azure-socketip": "127.0.0.1",
    "x-azure-requestchain": "hops=1",
    "x-azure-fdid": frontDoorId,
    "x-azure-ref": expect.stringMatching(/^[0-9A-F]{32}$/),
    "x-forwarded-for": "203.0.113.9, 127.0.0.1",
    "x-forwarded-host": HOST,
    "x-forwarded-proto": "http",
  });
  expect([headers["x-cache"], headers["x-azure-ref"]]).toEqual([
    "CONFIG_NOCACHE",
    expect.stringMatching(/^[0-9A-F]{32}$/),
  ]);
});
