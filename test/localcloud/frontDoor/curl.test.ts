import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasProgram, run } from "../../support/programs.ts";
import { CDN } from "../arm/harness.ts";
import { type EdgeBench, ENDPOINT, openEdge } from "./edgeBench.ts";

const HOST = "acme.local.test";
let edge: EdgeBench;

/** What `curl` prints of a path on a host that `--resolve` leads to Front Door: status, headers, body. */
async function curl(path: string, ...options: readonly string[]): Promise<string> {
  const port = edge.cloud.context.portOf("frontDoor");
  const resolve = ["--resolve", `${HOST}:${port}:127.0.0.1`, "--resolve", `other.test:${port}:127.0.0.1`];
  const url = path.startsWith("http") ? path : `http://${HOST}:${port}${path}`;
  const { code, stdout, stderr } = await run("curl", [
    "--silent",
    "--show-error",
    "--include",
    "--noproxy",
    "*",
    ...resolve,
    ...options,
    url,
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.replaceAll("\r\n", "\n");
}

const statusOf = (said: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1]);
const headerOf = (said: string, name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(said)?.[1];
const bodyOf = (said: string) => said.slice(said.indexOf("\n\n") + 2);

describe.skipIf(!hasProgram("curl"))("the real curl (skipped where it isn't installed)", () => {
  let count: number;

  beforeEach(async () => {
    edge = await openEdge();
    count = 0;
    await edge.serveOrigin((request, body) => {
      count += 1;
      const headers = { "cache-control": "max-age=60" };
      return { headers, body: `${count} ${request.method} ${request.url} ${body}` };
    });
    const customDomains = [{ id: await edge.putDomain("acme") }];
    await edge.putRoute("r", { customDomains, cacheConfiguration: {}, linkToDefaultDomain: "Disabled" });
  });
  afterEach(() => edge.stop());

  test("gets a tenant's host, then the kept answer with its age, and after a purge a new one", async () => {
    const first = await curl("/a");
    expect([statusOf(first), headerOf(first, "x-cache"), bodyOf(first)]).toEqual([
      200,
      "TCP_MISS",
      "1 GET /a ",
    ]);
    const second = await curl("/a?x=1");
    expect([headerOf(second, "x-cache"), headerOf(second, "age"), bodyOf(second)]).toEqual([
      "TCP_HIT",
      expect.stringMatching(/^\d+$/),
      "1 GET /a ",
    ]);
    await edge.cloud.arm("POST", `${ENDPOINT}/purge`, CDN, { contentPaths: ["/*"], domains: [HOST] });
    await expect.poll(async () => bodyOf(await curl("/a"))).toBe("2 GET /a ");
  });

  test("posts through the cache, and with several on one connection each gets its own answer", async () => {
    expect(bodyOf(await curl("/form", "--data", "a=b"))).toBe("1 POST /form a=b");
    const port = edge.cloud.context.portOf("frontDoor");
    const both = await curl("/one", `http://${HOST}:${port}/two`);
    expect(both).toContain("3 GET /one");
    expect(both).toContain("2 GET /two");
  });

  test("gets no TLS from it: Front Door speaks HTTP only here", async () => {
    const port = edge.cloud.context.portOf("frontDoor");
    const { code, stderr } = await run("curl", [
      "--silent",
      "--show-error",
      "--insecure",
      `https://127.0.0.1:${port}/`,
    ]);
    expect([code, stderr]).toEqual([35, expect.stringMatching(/SSL|TLS/)]);
  });

  test("is told 404 of a host that nobody has, and 503 when the origin is down", async () => {
    const port = edge.cloud.context.portOf("frontDoor");
    const unknown = await curl(`http://other.test:${port}/`);
    expect([statusOf(unknown), JSON.parse(bodyOf(unknown)).error.code]).toEqual([404, "HostNotFound"]);
    await edge.putOrigin("o", 1);
    const down = await curl("/b");
    expect([statusOf(down), JSON.parse(bodyOf(down)).error.code]).toEqual([503, "OriginUnavailable"]);
  });
});
