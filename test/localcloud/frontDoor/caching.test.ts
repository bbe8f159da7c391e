import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CDN, SOON } from "../arm/harness.ts";
import { type EdgeBench, ENDPOINT, HOST, openEdge, type Reply, type TestOrigin } from "./edgeBench.ts";

let edge: EdgeBench;
let origin: TestOrigin;
let reply: Reply;
let count: number;

/** Every answer of the origin is another, so that a kept one is known by its body. */
beforeEach(async () => {
  edge = await openEdge();
  count = 0;
  reply = {};
  origin = await edge.serveOrigin(() => {
    count += 1;
    return { headers: { "cache-control": "max-age=60" }, body: `answer ${count}`, ...reply };
  });
});
afterEach(() => edge.stop());

const putCaching = (cacheConfiguration: object = {}) => edge.putRoute("r", { cacheConfiguration });

/** `X-Cache` and body. */
async function seen(path: string, options: object = {}): Promise<readonly [unknown, string]> {
  const { headers, body } = await edge.ask(HOST, { path, ...options });
  return [headers["x-cache"], body];
}

// https://learn.microsoft.com/azure/frontdoor/front-door-caching
describe("caching", () => {
  test("the second answer comes from the cache, with its age, and the origin isn't asked", async () => {
    await putCaching();
    expect(await seen("/a")).toEqual(["TCP_MISS", "answer 1"]);
    const hit = await edge.ask(HOST, { path: "/a" });
    expect([hit.status, hit.headers["x-cache"], hit.body]).toEqual([200, "TCP_HIT", "answer 1"]);
    expect(Number(hit.headers.age)).toBeGreaterThanOrEqual(0);
    expect(Number(hit.headers.age)).toBeLessThan(60);
    expect(hit.headers["cache-control"]).toBe("max-age=60");
    expect(origin.requests).toHaveLength(1);
  });

  test("an age that the origin tells is counted on", async () => {
    await putCaching();
    reply = { headers: { "cache-control": "max-age=100", age: "40" } };
    await seen("/a");
    const age = Number((await edge.ask(HOST, { path: "/a" })).headers.age);
    expect(age).toBeGreaterThanOrEqual(40);
    expect(age).toBeLessThan(100);
  });

  test("without a cacheConfiguration nothing is kept", async () => {
    await edge.putRoute("r");
    expect(await seen("/a")).toEqual(["CONFIG_NOCACHE", "answer 1"]);
    expect(await seen("/a")).toEqual(["CONFIG_NOCACHE", "answer 2"]);
    await putCaching();
    await seen("/a");
    expect(await seen("/a")).toEqual(["TCP_HIT", "answer 3"]);
    await edge.cloud.arm("PATCH", `${ENDPOINT}/routes/r`, CDN, { properties: { cacheConfiguration: null } });
    expect(await seen("/a")).toEqual(["CONFIG_NOCACHE", "answer 4"]);
  });

  test("only GET is cacheable; the other methods always reach the origin", async () => {
    await putCaching();
    await seen("/a");
    expect(await seen("/a", { method: "POST", body: "x" })).toEqual(["CONFIG_NOCACHE", "answer 2"]);
    expect(await seen("/a", { method: "HEAD" })).toEqual(["CONFIG_NOCACHE", ""]);
    expect(await seen("/a")).toEqual(["TCP_HIT", "answer 1"]);
    expect(origin.requests).toHaveLength(3);
  });

  test.each([
    ["private", "PRIVATE_NOSTORE"],
    ["no-store", "PRIVATE_NOSTORE"],
    ["max-age=60, private", "PRIVATE_NOSTORE"],
    ["no-cache", "TCP_MISS"],
    ["max-age=0", "TCP_MISS"],
    ["s-maxage=0, max-age=60", "TCP_MISS"],
  ])("an answer with Cache-Control '%s' is never kept: %s", async (header, xCache) => {
    await putCaching();
    reply = { headers: { "cache-control": header, "set-cookie": ["a=b"] } };
    expect(await seen("/a")).toEqual([xCache, "answer 1"]);
    const second = await edge.ask(HOST, { path: "/a" });
    expect([second.headers["x-cache"], second.body]).toEqual([xCache, "answer 2"]);
    expect(second.headers["set-cookie"]).toEqual(["a=b"]);
  });

  test("Set-Cookie is taken off an answer that is kept, for everybody", async () => {
    await putCaching();
    reply = { headers: { "cache-control": "max-age=60", "set-cookie": ["session=1"], "x-kept": "yes" } };
    const answers = [await edge.ask(HOST, { path: "/a" }), await edge.ask(HOST, { path: "/a" })];
    expect(answers.map(({ headers }) => [headers["set-cookie"], headers["x-kept"]])).toEqual([
      [undefined, "yes"],
      [undefined, "yes"],
    ]);
  });

  test("errors are passed on and not kept; an answer that ran out is asked for again", async () => {
    await putCaching();
    reply = { status: 500 };
    expect(await seen("/a")).toEqual(["TCP_MISS", "answer 1"]);
    reply = { headers: { "cache-control": "max-age=1" } };
    await seen("/b");
    await expect.poll(async () => (await seen("/b"))[1], SOON).not.toBe("answer 2");
  });

  test("what a client would rather have, and X-FD- headers, don't reach the origin of a caching route", async () => {
    const wishes = { accept: "text/html", "accept-language": "de", "x-fd-healthprobe": "1", "x-own": "kept" };
    await putCaching();
    await seen("/a", { headers: wishes });
    await edge.putRoute("r");
    await seen("/a", { headers: wishes });
    const passed = origin.requests.map(({ headers }) => [
      headers.accept,
      headers["accept-language"],
      headers["x-fd-healthprobe"],
      headers["x-own"],
    ]);
    expect(passed).toEqual([
      [undefined, undefined, undefined, "kept"],
      ["text/html", "de", undefined, "kept"],
    ]);
  });

  test("hosts don't share answers, and neither do routes", async () => {
    const customDomains = [{ id: await edge.putDomain("acme") }, { id: await edge.putDomain("beta") }];
    await edge.putRoute("r", { customDomains, cacheConfiguration: {} });
    const bodies = [];
    for (const host of ["acme.local.test", "beta.local.test", "ACME.local.test:80"])
      bodies.push((await edge.ask(host, { path: "/a" })).body);
    expect(bodies).toEqual(["answer 1", "answer 2", "answer 1"]);
    await edge.putRoute("exact", { customDomains, cacheConfiguration: {}, patternsToMatch: ["/a"] });
    expect((await edge.ask("acme.local.test", { path: "/a" })).body).toBe("answer 3");
  });

  test("a body larger than the largest that is kept comes whole, each time from the origin", async () => {
    await putCaching();
    const large = "x".repeat(8 * 1024 * 1024 + 1);
    reply = { body: large };
    for (const _ of [1, 2]) {
      const { headers, body } = await edge.ask(HOST, { path: "/large" });
      expect([headers["x-cache"], body.length]).toEqual(["TCP_MISS", large.length]);
    }
    expect(edge.cloud.context.edgeCache.bytes).toBe(0);
  });
});

// https://learn.microsoft.com/azure/frontdoor/front-door-caching ("Query string behavior")
describe("query strings", () => {
  const bodies = async (...queries: readonly string[]) => {
    const found = [];
    for (const query of queries) found.push((await seen(`/a?${query}`))[1]);
    return found.map((body) => body.replace("answer ", ""));
  };

  test("are ignored by default, and reach the origin with the first request", async () => {
    await putCaching();
    expect(await bodies("x=1", "x=2", "")).toEqual(["1", "1", "1"]);
    expect(origin.requests.map(({ url }) => url)).toEqual(["/a?x=1"]);
  });

  test("make each its own answer where they are used, whatever their order", async () => {
    await putCaching({ queryStringCachingBehavior: "UseQueryString" });
    expect(await bodies("q=1&r=2", "r=2&q=1", "q=1", "q=1&r=3")).toEqual(["1", "1", "2", "3"]);
  });

  test("count but for the ignored ones", async () => {
    await putCaching({
      queryStringCachingBehavior: "IgnoreSpecifiedQueryStrings",
      queryParameters: "userid, sessionid",
    });
    expect(await bodies("lang=en&userid=1", "lang=en&userid=2&sessionid=3", "lang=de")).toEqual([
      "1",
      "1",
      "2",
    ]);
  });

  test("count only where they are included", async () => {
    await putCaching({ queryStringCachingBehavior: "IncludeSpecifiedQueryStrings", queryParameters: "lang" });
    expect(await bodies("lang=en&userid=1", "userid=2&lang=en", "lang=de")).toEqual(["1", "1", "2"]);
  });

  test("names are asked for where a behaviour needs them, and nowhere else", async () => {
    const behavior = "IncludeSpecifiedQueryStrings";
    expect((await putCaching({ queryStringCachingBehavior: behavior })).body.error.message).toBe(
      `The query string caching behavior '${behavior}' needs 'queryParameters'.`,
    );
    expect((await putCaching({ queryParameters: "x" })).body.error.message).toBe(
      "The query string caching behavior 'IgnoreQueryString' takes no 'queryParameters'.",
    );
  });
});
