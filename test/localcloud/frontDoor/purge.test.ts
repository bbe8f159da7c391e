import { CdnManagementClient } from "@azure/arm-cdn";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CDN, SOON, SUBSCRIPTION } from "../arm/harness.ts";
import { type EdgeBench, ENDPOINT, HOST, openEdge, type Reply } from "./edgeBench.ts";

let edge: EdgeBench;
let reply: Reply;
let count: number;

/** Every answer of the origin is another, so that a kept one is known by its body. */
beforeEach(async () => {
  edge = await openEdge();
  count = 0;
  reply = {};
  await edge.serveOrigin(() => {
    count += 1;
    return { headers: { "cache-control": "max-age=60" }, body: `answer ${count}`, ...reply };
  });
});
afterEach(() => edge.stop());

const putCaching = (cacheConfiguration: object = {}) => edge.putRoute("r", { cacheConfiguration });
const purge = (body: object) => edge.cloud.arm("POST", `${ENDPOINT}/purge`, CDN, body);

/** `X-Cache` and body. */
async function seen(path: string, options: object = {}): Promise<readonly [unknown, string]> {
  const { headers, body } = await edge.ask(HOST, { path, ...options });
  return [headers["x-cache"], body];
}

async function purged(body: object): Promise<void> {
  const answer = await purge(body);
  expect(answer.status).toBe(202);
  const poll = new URL(answer.headers.get("azure-asyncoperation") ?? "").pathname;
  await expect
    .poll(async () => (await edge.cloud.arm("GET", poll, "2024-03-01")).body.status, SOON)
    .toBe("Succeeded");
}

// https://learn.microsoft.com/azure/frontdoor/cache-purge
// https://learn.microsoft.com/rest/api/frontdoorstandardpremium/afd-endpoints/purge-content
describe("purge", () => {
  const PATHS = ["/pictures/a.png", "/pictures/deep/b.png", "/other"];

  /** Which of the paths are still answered from the cache. */
  async function kept(): Promise<readonly string[]> {
    const found = [];
    for (const path of PATHS) if ((await seen(path))[0] === "TCP_HIT") found.push(path);
    return found;
  }

  beforeEach(async () => {
    await putCaching({ queryStringCachingBehavior: "UseQueryString" });
    for (const path of PATHS) await seen(path);
  });

  test.each([
    ["one path", ["/PICTURES/a.png"], ["/pictures/deep/b.png", "/other"]],
    ["all below a folder", ["/pictures/*"], ["/other"]],
    ["several", ["/other", "/pictures/deep/*"], ["/pictures/a.png"]],
    ["everything", ["/*"], []],
    ["nothing that is there", ["/none", "/pictures/"], PATHS],
  ])("of %s, compared without case", async (_, contentPaths, left) => {
    await purged({ contentPaths });
    expect(await kept()).toEqual(left);
  });

  test("of a path takes every query of it", async () => {
    await seen("/other?x=1");
    await purged({ contentPaths: ["/other"] });
    expect((await seen("/other?x=1"))[0]).toBe("TCP_MISS");
  });

  test("is for the named domains only, or for all of the endpoint", async () => {
    const customDomains = [{ id: await edge.putDomain("acme") }];
    await edge.putRoute("r", { customDomains, cacheConfiguration: {} });
    const xCaches = async () => {
      const both = [await edge.ask(HOST), await edge.ask("acme.local.test")];
      return both.map(({ headers }) => headers["x-cache"]);
    };
    await xCaches();
    await purged({ contentPaths: ["/*"], domains: ["ACME.local.test"] });
    expect(await xCaches()).toEqual(["TCP_HIT", "TCP_MISS"]);
    await purged({ contentPaths: ["/*"] });
    expect(await xCaches()).toEqual(["TCP_MISS", "TCP_MISS"]);
  });

  test("during a request keeps that request's answer out of the cache", async () => {
    reply = {
      get body() {
        edge.cloud.context.edgeCache.purge({ endpointId: "x", paths: [] });
        return "late";
      },
    };
    expect(await seen("/late")).toEqual(["TCP_MISS", "late"]);
    expect(await seen("/late")).toEqual(["TCP_MISS", "late"]);
  });

  test("refuses what it can't mean, before anything is purged", async () => {
    const refusals = [];
    for (const body of [
      {},
      { contentPaths: [] },
      { contentPaths: Array.from({ length: 101 }, () => "/x") },
      { contentPaths: ["/*", "x"] },
      { contentPaths: ["/a*"] },
      { contentPaths: ["/*"], domains: ["nobody.example.com"] },
      { contentPaths: ["/*"], other: 1 },
    ]) {
      const { status, body: answer } = await purge(body);
      refusals.push([status, answer.error.message]);
    }
    expect(refusals).toEqual([
      [400, "The required property 'contentPaths' is missing."],
      [400, "A purge takes 1 to 100 content paths; got 0."],
      [400, "A purge takes 1 to 100 content paths; got 101."],
      [400, "The content path 'x' must begin with '/'; '*' may only be last, after a '/'."],
      [400, "The content path '/a*' must begin with '/'; '*' may only be last, after a '/'."],
      [400, `The domain 'nobody.example.com' is not one of the endpoint 'e': ${HOST}.`],
      [400, "The property 'other' is not supported by the local cloud."],
    ]);
    expect(await kept()).toEqual(PATHS);
    const missing = await edge.cloud.arm("POST", ENDPOINT.replace("/e", "/none/purge"), CDN, {
      contentPaths: ["/*"],
    });
    expect([missing.status, missing.body.error.code]).toEqual([404, "ResourceNotFound"]);
  });

  test("through @azure/arm-cdn, whose poller waits for it", async () => {
    const token = edge.cloud.context.tokens.issue("https://management.azure.com");
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 60_000 }) };
    const endpoint = `http://127.0.0.1:${edge.cloud.context.portOf("arm")}`;
    const options = { endpoint, $host: endpoint, allowInsecureConnection: true };
    const client = new CdnManagementClient(credential, SUBSCRIPTION, options);
    client.pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
    client.pipeline.addPolicy({
      name: "plainToken",
      sendRequest: (request, next) => {
        request.headers.set("authorization", `Bearer ${token}`);
        return next(request);
      },
    });
    const contents = { contentPaths: ["/pictures/*"], domains: [HOST] };
    await client.afdEndpoints.beginPurgeContentAndWait("rg", "p", "e", contents, { updateIntervalInMs: 20 });
    expect(await kept()).toEqual(["/other"]);
  });
});
