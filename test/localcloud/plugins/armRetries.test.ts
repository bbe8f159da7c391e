import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { armService } from "../../../src/localcloud/arm/index.ts";
import type { FaultOrder } from "../../../src/localcloud/faults/index.ts";
import {
  type ArmAccess,
  getDocument,
  putDocument,
} from "../../../src/localcloud/plugins/azureNative/armClient.ts";
import { DNS, GROUP, type Harness, makeEdge, openHarness } from "../arm/harness.ts";

// https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/azcore/policy#RetryOptions
describe("the azure-native plugin's requests", () => {
  const ID = `${GROUP}/providers/Microsoft.Network/dnsZones/local.test/TXT/acme`;
  const BODY = { properties: { TTL: 1, TXTRecords: [{ value: ["x"] }] } };
  let cloud: Harness;
  let access: ArmAccess;

  beforeAll(async () => {
    cloud = await openHarness();
    await cloud.start(armService());
    await makeEdge(cloud);
    access = {
      url: `http://127.0.0.1:${cloud.context.portOf("arm")}`,
      token: () => cloud.context.tokens.issue("https://management.azure.com/"),
    };
  });
  afterAll(() => cloud.stop());
  afterEach(() => {
    cloud.context.faults.clear();
  });

  const set = (order: Omit<FaultOrder, "service">) => cloud.context.faults.add({ service: "arm", ...order });
  const struck = () => cloud.context.faults.list().map((fault) => fault.struck);

  test("wait as long as a 429 asks (F41)", async () => {
    set({ effect: { kind: "status", status: 429, retryAfterSeconds: 2 }, times: 1 });
    const start = Date.now();
    expect(await getDocument(access, ID, DNS)).toBeUndefined();
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_900);
    expect(struck()).toEqual([1]);
  });

  test("are sent again after a cut of which nobody knows whether they were heard (F12)", async () => {
    set({ effect: { kind: "cut", moment: "after" }, method: "PUT", times: 1 });
    const { document, failure } = await putDocument(access, ID, DNS, BODY);
    expect([document.name, failure, struck()]).toEqual(["acme", undefined, [1]]);
  });

  test("are refused after the third repetition, as they are at once for what won't pass", async () => {
    set({ effect: { kind: "status", status: 429, retryAfterSeconds: 0 } });
    await expect(getDocument(access, ID, DNS)).rejects.toThrow('Status=429 Code="TooManyRequests"');
    expect(struck()).toEqual([4]);
    cloud.context.faults.clear();
    set({ effect: { kind: "status", status: 403 } });
    await expect(getDocument(access, ID, DNS)).rejects.toThrow('Status=403 Code="Forbidden"');
    expect(struck()).toEqual([1]);
  });
});
