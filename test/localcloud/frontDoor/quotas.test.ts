import { afterEach, beforeEach, expect, test } from "vitest";
import type { ArmResource } from "../../../src/localcloud/arm/armResource.ts";
import { CDN, GROUP } from "../arm/harness.ts";
import { type EdgeBench, openEdge } from "./edgeBench.ts";

let edge: EdgeBench;

beforeEach(async () => {
  edge = await openEdge();
});
afterEach(() => edge.stop());

/** As many more like the resource at that path, past Resource Manager: hundreds of requests take their time. */
async function copy(path: string, copies: number): Promise<void> {
  const { store } = edge.cloud;
  const found = store.list<ArmResource>("arm").find(({ id }) => id.endsWith(path.toLowerCase()));
  if (found === undefined) throw new Error(`nothing at '${path}'`);
  const numbers = Array.from({ length: copies }, (_, index) => index + 1);
  const named = (text: string, number: number) => text.replace(/0$/, String(number));
  await Promise.all(
    numbers.map((number) =>
      store.put("arm", named(found.id, number), {
        ...found.doc,
        id: named(found.doc.id, number),
        name: named(found.doc.name, number),
        properties: { ...found.doc.properties, hostName: `d${number}.local.test` },
      }),
    ),
  );
}

const LIMITS = [
  ["Standard_AzureFrontDoor", "custom domains", 100, "customDomains"],
  ["Premium_AzureFrontDoor", "custom domains", 500, "customDomains"],
  ["Standard_AzureFrontDoor", "endpoints", 10, "afdEndpoints"],
  ["Premium_AzureFrontDoor", "endpoints", 25, "afdEndpoints"],
  ["Standard_AzureFrontDoor", "origin groups", 100, "originGroups"],
  ["Premium_AzureFrontDoor", "origin groups", 200, "originGroups"],
  ["Standard_AzureFrontDoor", "routes", 100, "afdEndpoints/e/routes"],
  ["Premium_AzureFrontDoor", "routes", 200, "afdEndpoints/e/routes"],
] as const;

// F43. https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
// ("Azure Front Door Standard and Premium service limits")
test.each(LIMITS)(
  "a %s profile takes as many %s as %i, and the refusal of one more changes nothing",
  async (sku, what, limit, folder) => {
    const profile = "Microsoft.Cdn/profiles/quota";
    const inProfile = (path: string) => edge.cloud.arm("PUT", `${profile}${path}`, CDN, bodyOf(path, sku));
    await inProfile("");
    if (what === "routes") {
      for (const path of ["/afdEndpoints/e", "/originGroups/g", "/originGroups/g/origins/o"])
        await inProfile(path);
    }
    const put = (number: number) => inProfile(`/${folder}/d${number}`);
    expect((await put(0)).status).toBe(201);
    await copy(`/profiles/quota/${folder}/d0`, limit - 2);
    expect((await put(limit - 1)).status).toBe(201);
    const refused = await put(limit);
    expect([refused.status, refused.body.error]).toEqual([
      400,
      {
        code: "BadRequest",
        message: `The maximum number of ${what} (${limit}) of a ${sku} profile is reached.`,
      },
    ]);
    const { body } = await edge.cloud.arm("GET", `${profile}/${folder}`, CDN);
    expect(body.value).toHaveLength(limit);
    expect((await put(0)).status).toBe(200);
    expect((await edge.cloud.arm("DELETE", `${profile}/${folder}/d0`, CDN)).status).toBe(200);
    expect((await put(limit)).status).toBe(201);
  },
);

function bodyOf(path: string, sku: string): object {
  if (path === "") return { location: "Global", sku: { name: sku } };
  if (path.includes("/routes/")) {
    const group = "/providers/Microsoft.Cdn/profiles/quota/originGroups/g";
    const id = `${GROUP}${group}`;
    return { properties: { originGroup: { id } } };
  }
  if (path.startsWith("/afdEndpoints/")) return { location: "Global" };
  if (path.includes("/origins/")) return { properties: { hostName: "localhost" } };
  if (path.startsWith("/originGroups/")) return { properties: {} };
  return { properties: { hostName: `${path.split("/").at(-1)}.local.test` } };
}

test("a group has 50 origins, and a Standard profile 100 in all groups", async () => {
  const put = (path: string, properties: object = {}) =>
    edge.cloud.arm("PUT", `Microsoft.Cdn/profiles/p/originGroups/${path}`, CDN, { properties });
  const origin = { hostName: "localhost" };
  const fill = async (group: string, copies: number) => {
    await put(group);
    await put(`${group}/origins/d0`, origin);
    await copy(`/profiles/p/originGroups/${group}/origins/d0`, copies);
  };
  await fill("a", 49);
  expect((await put("a/origins/more", origin)).body.error.message).toBe(
    "The maximum number of origins (50) of the origin group 'a' is reached.",
  );
  // With the one of `makeEdge`.
  await fill("b", 48);
  await put("c");
  expect((await put("c/origins/more", origin)).body.error.message).toBe(
    "The maximum number of origins (100) of a Standard_AzureFrontDoor profile is reached.",
  );
});
