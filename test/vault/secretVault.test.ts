import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openVault, VaultRefusedError, VaultUnreachableError } from "../../src/vault/index.ts";
import { startTestKeyVault, type TestKeyVault } from "./keyVault.ts";

const TAGS = { "tenantry-stack": "local.acme", "tenantry-slug": "acme", "tenantry-id": "1" };
const NAME = "tenant-db-acme";

let keyVault: TestKeyVault;

beforeAll(async () => {
  keyVault = await startTestKeyVault();
});
afterAll(() => keyVault.stop());
beforeEach(() => {
  keyVault.secrets.clear();
  keyVault.requests.length = 0;
});

describe("a Key Vault's secrets", () => {
  test("an absent name is nothing", async () => {
    const vault = openVault(keyVault.url);
    expect(await vault.find(NAME)).toBeUndefined();
    expect(await vault.get(NAME)).toBeUndefined();
  });

  test("a value is kept with its tags", async () => {
    const vault = openVault(keyVault.url);
    await vault.put(NAME, "postgres://one", TAGS);
    const version = keyVault.secrets.get(NAME)?.versions[0]?.id;
    expect(await vault.find(NAME)).toEqual({
      state: "present",
      value: "postgres://one",
      version,
      tags: TAGS,
    });
  });

  test("an equal value makes no version, and a different one does", async () => {
    const vault = openVault(keyVault.url);
    for (const value of ["a", "a", "b", "b"]) await vault.put(NAME, value, TAGS);
    expect(keyVault.secrets.get(NAME)?.versions.map(({ value }) => value)).toEqual(["a", "b"]);
  });

  test("an equal value with other tags gets the tags and no version", async () => {
    const vault = openVault(keyVault.url);
    await vault.put(NAME, "a", { other: "tag" });
    await vault.put(NAME, "a", TAGS);
    expect(keyVault.secrets.get(NAME)).toMatchObject({ tags: TAGS, versions: [{ value: "a" }] });
  });

  test("F39: a soft-deleted name is recovered and gets a new version", async () => {
    const vault = openVault(keyVault.url);
    await vault.put(NAME, "old life", TAGS);
    await vault.remove(NAME);
    expect(await vault.find(NAME)).toEqual({ state: "deleted", tags: TAGS });
    await vault.put(NAME, "new life", { ...TAGS, "tenantry-id": "2" });
    expect(keyVault.secrets.get(NAME)).toMatchObject({
      isDeleted: false,
      tags: { "tenantry-id": "2" },
      versions: [{ value: "old life" }, { value: "new life" }],
    });
  });

  test("F39: a name that is being recovered or deleted is waited for", async () => {
    keyVault.script(
      { request: `PUT /secrets/${NAME}`, status: 409, code: "ObjectIsBeingRecovered" },
      { request: `PUT /secrets/${NAME}`, status: 409, code: "ObjectIsBeingDeleted" },
      { request: `PUT /secrets/${NAME}`, status: 409, code: "ObjectIsBeingRecovered" },
    );
    await openVault(keyVault.url).put(NAME, "a", TAGS);
    expect(keyVault.secrets.get(NAME)?.versions).toMatchObject([{ value: "a" }]);
  });

  test("F39: a recovery that another process was first with is no error", async () => {
    const vault = openVault(keyVault.url);
    await vault.put(NAME, "old", TAGS);
    await vault.remove(NAME);
    keyVault.script({
      request: `POST /deletedsecrets/${NAME}/recover`,
      status: 409,
      code: "ObjectIsBeingRecovered",
    });
    await vault.put(NAME, "new", TAGS);
    expect(await vault.get(NAME)).toBe("new");
  });

  test("removing what isn't there is done", async () => {
    const vault = openVault(keyVault.url);
    await vault.remove(NAME);
    await vault.put(NAME, "a", TAGS);
    await vault.remove(NAME);
    await vault.remove(NAME);
    expect(keyVault.secrets.get(NAME)?.isDeleted).toBe(true);
  });

  test("F41: 429 is waited out as the vault asks", async () => {
    const busy = {
      request: `PUT /secrets/${NAME}`,
      status: 429,
      code: "Throttled",
      headers: { "retry-after": "1" },
    };
    keyVault.script(busy, busy);
    const start = Date.now();
    await openVault(keyVault.url).put(NAME, "a", TAGS);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1_900);
    expect(keyVault.secrets.get(NAME)?.versions).toHaveLength(1);
  });

  test("F41: one process has at most sixteen operations under way on one vault", async () => {
    const vault = openVault(keyVault.url);
    const names = Array.from({ length: 40 }, (_, at) => `secret-${at}`);
    await Promise.all(names.map((name) => vault.put(name, name, TAGS)));
    expect(keyVault.peak()).toBeLessThanOrEqual(16);
    expect(keyVault.peak()).toBeGreaterThan(1);
    expect([...keyVault.secrets.keys()].sort()).toEqual([...names].sort());
  });

  test("ten writers of one soft-deleted name at once leave one secret with one value", async () => {
    const vault = openVault(keyVault.url);
    await vault.put(NAME, "old", TAGS);
    await vault.remove(NAME);
    await Promise.all(Array.from({ length: 10 }, () => vault.put(NAME, "same", TAGS)));
    expect(await vault.get(NAME)).toBe("same");
  });

  test("a refusal is told with its status and without the value", async () => {
    keyVault.script({ request: `PUT /secrets/${NAME}`, status: 403, code: "Forbidden" });
    const failure = await openVault(keyVault.url)
      .put(NAME, "canary-value", TAGS)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VaultRefusedError);
    expect(failure).toMatchObject({ statusCode: 403 });
    expect(String(failure)).toContain(keyVault.url);
    expect(String(failure)).not.toContain("canary-value");
  });

  test("a vault that doesn't answer is unreachable", async () => {
    const vault = openVault("https://127.0.0.1:1");
    await expect(vault.get(NAME)).rejects.toBeInstanceOf(VaultUnreachableError);
  });
});
