import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bestRank } from "../../../src/localcloud/frontDoor/pathPattern.ts";
import { CDN } from "../arm/harness.ts";
import { type EdgeBench, ENDPOINT, HOST, idOf, openEdge, PROFILE } from "./edgeBench.ts";

let edge: EdgeBench;

beforeEach(async () => {
  edge = await openEdge();
});
afterEach(() => edge.stop());

/** The table of "How requests get matched to a route configuration", by the route's letter. */
const ROUTES = {
  A: "/",
  B: "/*",
  C: "/ab",
  D: "/abc",
  E: "/abc/",
  F: "/abc/*",
  G: "/abc/def",
  H: "/path/",
} as const;
const MATCHES = {
  "/": "A",
  "/a": "B",
  "/ab": "C",
  "/abc": "D",
  "/abzzz": "B",
  "/abc/": "E",
  "/abc/d": "F",
  "/abc/def": "G",
  "/abc/defzzz": "F",
  "/abc/def/ghi": "F",
  "/path": "B",
  "/path/": "H",
  "/path/zzz": "B",
} as const;

/** Each route its own origin group, whose origin answers with the route's letter. */
async function makeTable(): Promise<void> {
  const origin = await edge.serveOrigin((request) => ({ body: String(request.headers.host) }));
  for (const [letter, pattern] of Object.entries(ROUTES)) {
    const group = `${PROFILE}/originGroups/${letter}`;
    await edge.cloud.arm("PUT", group, CDN, { properties: {} });
    await edge.cloud.arm("PUT", `${group}/origins/o`, CDN, {
      properties: { hostName: "localhost", httpPort: origin.port, originHostHeader: letter },
    });
    const originGroup = { id: idOf(`originGroups/${letter}`) };
    expect((await edge.putRoute(letter, { originGroup, patternsToMatch: [pattern] })).status).toBe(201);
  }
}

// https://learn.microsoft.com/azure/frontdoor/front-door-route-matching ("Path matching")
test("the page's own table: an exact path first, then the longest wildcard", async () => {
  await makeTable();
  const matched: Record<string, string> = {};
  for (const path of Object.keys(MATCHES)) matched[path] = (await edge.ask(HOST, { path })).body;
  expect(matched).toEqual(MATCHES);
  expect((await edge.ask(HOST, { path: "/abc?x=/abc/def" })).body).toBe("D");
  expect((await edge.ask(HOST, { path: "/ABC/Def" })).body).toBe("G");
});

// https://learn.microsoft.com/azure/frontdoor/front-door-route-matching ("If no matching path is found … 404")
test("a path that no route of the host fits is 404, and so is a host that no route has", async () => {
  await edge.serveOrigin(() => ({ body: "served" }));
  await edge.putRoute("api", { patternsToMatch: ["/api/*"] });
  expect((await edge.ask(HOST, { path: "/api/x" })).body).toBe("served");
  const other = await edge.ask(HOST, { path: "/other" });
  expect([other.status, JSON.parse(other.body).error]).toEqual([
    404,
    {
      code: "HostNotFound",
      message: `Our services aren't available for '${HOST}': no route of it fits the path '/other'.`,
    },
  ]);
  const unknown = await edge.ask("nobody.example.com", { path: "/api/x" });
  expect([unknown.status, JSON.parse(unknown.body).error.message]).toEqual([
    404,
    "Our services aren't available for 'nobody.example.com': no approved domain on an enabled route.",
  ]);
});

// https://learn.microsoft.com/azure/frontdoor/front-door-route-matching ("first match based on protocol")
test("a route for HTTPS alone doesn't serve HTTP", async () => {
  await edge.serveOrigin(() => ({ body: "served" }));
  await edge.putRoute("secure", { supportedProtocols: ["Https"] });
  expect((await edge.ask(HOST)).status).toBe(404);
  await edge.putRoute("secure", { supportedProtocols: ["Http", "Https"] });
  expect((await edge.ask(HOST)).body).toBe("served");
});

// https://learn.microsoft.com/azure/frontdoor/front-door-route-matching (the note on the wildcard character)
test.each(["x", "", "/a*", "/*/b", "/a/*b", "*"])("the pattern '%s' is refused", async (pattern) => {
  const refused = await edge.putRoute("r", { patternsToMatch: [pattern] });
  expect([refused.status, refused.body.error]).toEqual([
    400,
    {
      code: "BadRequest",
      message: `The pattern '${pattern}' of the route must begin with '/'; '*' may only be last, after a '/'.`,
    },
  ]);
});

// https://learn.microsoft.com/azure/frontdoor/domain ("in multiple routes within an endpoint, if you use different paths")
test("a domain is on several routes with different patterns, and never twice with the same", async () => {
  await edge.serveOrigin((request) => ({ body: `o ${request.url}` }));
  const customDomains = [{ id: await edge.putDomain("acme") }];
  const linkToDefaultDomain = "Disabled";
  await edge.putRoute("all", { customDomains, linkToDefaultDomain });
  const api = { customDomains, linkToDefaultDomain, patternsToMatch: ["/api/*"] };
  expect((await edge.putRoute("api", api)).status).toBe(201);
  const twin = await edge.putRoute("twin", { ...api, patternsToMatch: ["/x", "/API/*"] });
  expect([twin.status, twin.body.error.message]).toEqual([
    400,
    "The route domains, paths and protocols configuration has a conflict. More information: Domain: acme.local.test, Path pattern: /API/*, Protocol: Http cannot be added to Route twin as this combination already exists in Endpoint e, Route api..",
  ]);
  expect((await edge.ask("acme.local.test", { path: "/api/1" })).body).toBe("o /api/1");
  await edge.putRoute("default");
  expect((await edge.putRoute("second")).body.error.message).toBe(
    `The route domains, paths and protocols configuration has a conflict. More information: Domain: ${HOST}, Path pattern: /*, Protocol: Http cannot be added to Route second as this combination already exists in Endpoint e, Route default..`,
  );
  await edge.putRoute("default", { supportedProtocols: ["Http"] });
  expect((await edge.putRoute("second", { supportedProtocols: ["Https"] })).status).toBe(201);
});

// https://learn.microsoft.com/azure/frontdoor/front-door-routing-limits ("can't exceed 5000")
test("the composite route metric of a profile stays below 5,000", async () => {
  await edge.serveOrigin(() => ({ body: "served" }));
  const paths = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, index) => `/${prefix}/${index}`);
  const wide = { patternsToMatch: paths(2499, "a") };
  expect((await edge.putRoute("wide", wide)).status).toBe(201);
  expect((await edge.putRoute("one", { patternsToMatch: ["/b"] })).status).toBe(201);
  const refused = await edge.putRoute("more", { patternsToMatch: ["/c"], supportedProtocols: ["Http"] });
  expect([refused.status, refused.body.error.message]).toEqual([
    400,
    "The composite route metric of the profile would be 5001; at most 5000 is allowed.",
  ]);
  expect((await edge.putRoute("wide", { ...wide, supportedProtocols: ["Http"] })).status).toBe(200);
  expect((await edge.putRoute("more", { patternsToMatch: ["/c"] })).status).toBe(201);
});

test("what needs HTTPS, compression and session affinity are refused by name", async () => {
  const refusals = [
    { httpsRedirect: "Enabled" },
    { forwardingProtocol: "HttpsOnly" },
    { cacheConfiguration: { compressionSettings: { isCompressionEnabled: true } } },
    { ruleSets: [] },
    { originPath: "/x" },
  ];
  const messages = [];
  for (const properties of refusals) messages.push((await edge.putRoute("r", properties)).body.error);
  expect(messages).toEqual([
    {
      code: "UnsupportedByLocalCloud",
      message: "The local cloud's Front Door has no HTTPS: 'httpsRedirect' must be 'Disabled'.",
    },
    {
      code: "UnsupportedByLocalCloud",
      message:
        "The local cloud's Front Door has no HTTPS: 'forwardingProtocol' must be 'HttpOnly' or 'MatchRequest'.",
    },
    {
      code: "UnsupportedByLocalCloud",
      message: "The local cloud's Front Door compresses nothing: 'isCompressionEnabled' must be false.",
    },
    {
      code: "UnsupportedProperty",
      message: "The property 'properties.ruleSets' is not supported by the local cloud.",
    },
    {
      code: "UnsupportedProperty",
      message: "The property 'properties.originPath' is not supported by the local cloud.",
    },
  ]);
  expect((await edge.cloud.arm("GET", `${ENDPOINT}/routes/r`, CDN)).status).toBe(404);
  const group = { properties: { sessionAffinityState: "Enabled" } };
  expect((await edge.cloud.arm("PUT", `${PROFILE}/originGroups/sticky`, CDN, group)).body.error).toEqual({
    code: "UnsupportedByLocalCloud",
    message:
      "The local cloud's Front Door has no session affinity: 'sessionAffinityState' must be 'Disabled'.",
  });
});

test("whatever the patterns, one that is the path itself wins, and a match begins with its folder", () => {
  const segment = fc.stringMatching(/^[a-c]{1,3}$/);
  const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
  fc.assert(
    fc.property(path, fc.array(path, { maxLength: 4 }), (asked, folders) => {
      const wildcards = folders.map((folder) => (folder === "/" ? "/*" : `${folder}/*`));
      expect(bestRank([...wildcards, asked], asked)).toBe(Number.POSITIVE_INFINITY);
      const fitting = wildcards.filter((pattern) => asked.startsWith(pattern.slice(0, -1)));
      const longest = Math.max(...fitting.map(({ length }) => length - 1));
      expect(bestRank(wildcards, asked)).toBe(fitting.length === 0 ? undefined : longest);
    }),
  );
});
