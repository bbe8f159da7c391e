import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { caFileOf } from "../../src/localcloud/ca/index.ts";
import type { FaultOrder } from "../../src/localcloud/faults/index.ts";
import { openVault, VaultUnreachableError } from "../../src/vault/index.ts";
import { startVaultCloud, type VaultCloud } from "../localcloud/vault/vaultCloud.ts";

const TAGS = { "tenantry-slug": "acme" };
/** For a request that is never answered. */
const TIMEOUT_MS = 700;

let cloud: VaultCloud;

beforeAll(async () => {
  cloud = await startVaultCloud();
  process.env.NODE_EXTRA_CA_CERTS = caFileOf(cloud.home.keys);
});
afterAll(() => cloud.close());
afterEach(() => {
  delete process.env.TENANTRY_REQUEST_TIMEOUT_MS;
  cloud.core.context.faults.clear();
});

const set = (order: Omit<FaultOrder, "service">) =>
  cloud.core.context.faults.add({ service: "vault", ...order });
const struck = () => cloud.core.context.faults.list().map((fault) => fault.struck);
const versionsOf = async (name: string) => {
  const found = await openVault(cloud.url).find(name);
  return found?.state === "present" ? found.value : found?.state;
};

describe("a Key Vault that fails on demand", () => {
  test("whose identity never gives a token is told within the deadline too (F37)", async () => {
    cloud.core.context.faults.add({ service: "identity", effect: { kind: "silence" } });
    process.env.TENANTRY_REQUEST_TIMEOUT_MS = String(TIMEOUT_MS);
    await expect(openVault(cloud.url).get("tenant-db-acme")).rejects.toThrow(
      `Key Vault ${cloud.url}: the identity's endpoint didn't answer within 0.7 s.`,
    );
  });

  test("and accepts requests without an answer is unreachable within the deadline; others are served (F37)", async () => {
    set({ effect: { kind: "silence" }, path: "/secrets/tenant-db-hole" });
    const vault = openVault(cloud.url);
    // The token is there, and the deadline is this one request's.
    await vault.get("tenant-db-fine");
    process.env.TENANTRY_REQUEST_TIMEOUT_MS = String(TIMEOUT_MS);
    const hole = vault.put("tenant-db-hole", "x", TAGS).catch((error: unknown) => error);
    await expect.poll(struck).toEqual([1]);
    delete process.env.TENANTRY_REQUEST_TIMEOUT_MS;
    await vault.put("tenant-db-fine", "y", TAGS);
    expect(await vault.get("tenant-db-fine")).toBe("y");
    const error = await hole;
    expect(error).toBeInstanceOf(VaultUnreachableError);
    expect(String(error)).toBe(
      `VaultUnreachableError: Key Vault ${cloud.url}: it accepted a request and didn't answer within 0.7 s.`,
    );
    expect(struck()).toEqual([1]);
  });

  test("and recovers a name is waited for, and the value is written once (F39)", async () => {
    const code = "ObjectIsBeingRecovered";
    set({ effect: { kind: "status", status: 409, code }, method: "PUT", times: 2 });
    await openVault(cloud.url).put("tenant-db-recovered", "a", TAGS);
    expect(await versionsOf("tenant-db-recovered")).toBe("a");
    expect(struck()).toEqual([2]);
  });

  test("a soft-deleted name is recovered although the recovery's answer was cut (F39, F12)", async () => {
    const vault = openVault(cloud.url);
    await vault.put("tenant-db-again", "old", TAGS);
    await vault.remove("tenant-db-again");
    set({ effect: { kind: "cut", moment: "after" }, path: "/recover", times: 1 });
    await vault.put("tenant-db-again", "new", TAGS);
    expect(await versionsOf("tenant-db-again")).toBe("new");
    expect(struck()).toEqual([1]);
  });

  test("429 is waited out as long as it asks, and then the write is done once (F41)", async () => {
    set({ effect: { kind: "status", status: 429, retryAfterSeconds: 1 }, method: "PUT", times: 2 });
    const start = Date.now();
    await openVault(cloud.url).put("tenant-db-busy", "a", TAGS);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_900);
    expect(struck()).toEqual([2]);
    expect(await versionsOf("tenant-db-busy")).toBe("a");
  });

  test("429 without end is unreachable, not refused (F41)", async () => {
    set({ effect: { kind: "status", status: 429, retryAfterSeconds: 0 } });
    const error = await openVault(cloud.url)
      .get("tenant-db-acme")
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(VaultUnreachableError);
    expect(struck()).toEqual([6]);
  });
});
