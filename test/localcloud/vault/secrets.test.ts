import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  clientOf,
  deleteSecret,
  refusalOf,
  SETTLE_MS,
  startVaultCloud,
  type VaultCloud,
  vaultInStillTime,
} from "./vaultCloud.ts";

const ODD_VALUE = `${randomBytes(12).toString("hex")}-'"%@\n☃`;

let cloud: VaultCloud;
let count = 0;
let name: string;

beforeAll(async () => {
  cloud = await startVaultCloud();
});

afterAll(async () => {
  await cloud.close();
});

beforeEach(() => {
  count += 1;
  name = `secret-${count}`;
});

describe("secrets through the unchanged SDK", () => {
  test("a secret has its value, content type, tags and attributes", async () => {
    const client = clientOf(cloud);
    const expiresOn = new Date("2031-01-02T03:04:05Z");
    await client.setSecret(name, ODD_VALUE, { tags: { slug: "acme" }, contentType: "text/plain", expiresOn });
    const { value, properties } = await client.getSecret(name);
    expect({ value, tags: properties.tags, contentType: properties.contentType }).toEqual({
      value: ODD_VALUE,
      tags: { slug: "acme" },
      contentType: "text/plain",
    });
    expect(properties).toMatchObject({
      enabled: true,
      expiresOn,
      recoverableDays: 90,
      recoveryLevel: "Recoverable+Purgeable",
      vaultUrl: cloud.url,
      name,
    });
  });

  test("each set makes a version, and each version keeps its own value", async () => {
    const client = clientOf(cloud);
    const first = await client.setSecret(name, "one");
    const second = await client.setSecret(name, "two");
    expect((await client.getSecret(name)).value).toBe("two");
    expect((await client.getSecret(name, { version: first.properties.version! })).value).toBe("one");
    const versions: (string | undefined)[] = [];
    for await (const each of client.listPropertiesOfSecretVersions(name)) versions.push(each.version);
    expect(versions.sort()).toEqual([first.properties.version, second.properties.version].sort());
  });

  test("an update changes what is beside the value and nothing else", async () => {
    const client = clientOf(cloud);
    const { properties } = await client.setSecret(name, "same", { contentType: "a", tags: { old: "1" } });
    await client.updateSecretProperties(name, properties.version!, { tags: { fresh: "2" }, enabled: true });
    const after = await client.getSecret(name);
    expect([
      after.value,
      after.properties.tags,
      after.properties.contentType,
      after.properties.version,
    ]).toEqual(["same", { fresh: "2" }, "a", properties.version]);
  });

  test("a disabled secret is refused as Azure does", async () => {
    const client = clientOf(cloud);
    await client.setSecret(name, "x", { enabled: false });
    expect(await refusalOf(client.getSecret(name))).toEqual({
      statusCode: 403,
      code: "Forbidden",
      message: "Operation get is not allowed on a disabled secret.",
      inner: "SecretDisabled",
    });
  });

  test("a missing secret and a missing version are SecretNotFound", async () => {
    const client = clientOf(cloud);
    expect(await refusalOf(client.getSecret(name))).toMatchObject({
      statusCode: 404,
      code: "SecretNotFound",
    });
    await client.setSecret(name, "x");
    const version = "0".repeat(32);
    expect(await refusalOf(client.getSecret(name, { version }))).toMatchObject({
      statusCode: 404,
      code: "SecretNotFound",
    });
  });

  test("lists of many secrets come page by page, each name once", async () => {
    const { url: other } = await cloud.core.vaults.ensure("many", {});
    const client = clientOf(cloud, other);
    const names = Array.from({ length: 60 }, (_, index) => `many-${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((each) => client.setSecret(each, "x", { tags: { n: each } })));
    const found: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of client.listPropertiesOfSecrets().byPage()) {
      pages += 1;
      found.push(...page.map((each) => each.tags?.n));
    }
    expect([pages, found]).toEqual([3, names]);
  });

  test("ten writers at once make ten versions", async () => {
    const client = clientOf(cloud);
    const set = await Promise.all(Array.from({ length: 10 }, (_, n) => client.setSecret(name, String(n))));
    expect(new Set(set.map(({ properties }) => properties.version)).size).toBe(10);
    const versions: unknown[] = [];
    for await (const each of client.listPropertiesOfSecretVersions(name)) versions.push(each);
    expect(versions).toHaveLength(10);
  });
});

describe("soft delete", () => {
  test("a deleted secret is gone, is listed as deleted, and its name can't be reused", async () => {
    const client = clientOf(cloud);
    await client.setSecret(name, "x", { tags: { keep: "me" } });
    await deleteSecret(client, name);
    expect(await refusalOf(client.getSecret(name))).toMatchObject({
      statusCode: 404,
      code: "SecretNotFound",
    });
    expect(await refusalOf(client.setSecret(name, "y"))).toEqual({
      statusCode: 409,
      code: "Conflict",
      message: `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
      inner: "ObjectIsDeletedButRecoverable",
    });
    const { properties } = await client.getDeletedSecret(name);
    expect([properties.tags, properties.recoveryId]).toEqual([
      { keep: "me" },
      `${cloud.url}/deletedsecrets/${name}`,
    ]);
    const listed: string[] = [];
    for await (const each of client.listDeletedSecrets()) listed.push(each.name);
    expect(listed).toContain(name);
    for await (const each of client.listPropertiesOfSecrets()) expect(each.name).not.toBe(name);
  });

  test("while it is being deleted it is neither there nor among the deleted", async () => {
    const { client } = await vaultInStillTime(cloud, "deleting");
    await client.setSecret(name, "x");
    await client.beginDeleteSecret(name, { intervalInMs: 10_000 });
    expect(await refusalOf(client.getDeletedSecret(name))).toMatchObject({ statusCode: 404 });
    expect(await refusalOf(client.setSecret(name, "y"))).toMatchObject({
      statusCode: 409,
      inner: "ObjectIsBeingDeleted",
    });
  });

  test("recovering takes a while, then every version is back and can be written", async () => {
    const { client, pass } = await vaultInStillTime(cloud, "recovering");
    const { properties } = await client.setSecret(name, "one");
    await client.setSecret(name, "two");
    await client.beginDeleteSecret(name, { intervalInMs: 10_000 });
    pass(SETTLE_MS);
    await client.beginRecoverDeletedSecret(name, { intervalInMs: 10_000 });
    expect(await refusalOf(client.getSecret(name))).toMatchObject({ statusCode: 404 });
    expect(await refusalOf(client.setSecret(name, "three"))).toEqual({
      statusCode: 409,
      code: "Conflict",
      message: `Secret ${name} is currently being recovered and cannot be re-created; retry later.`,
      inner: "ObjectIsBeingRecovered",
    });
    pass(SETTLE_MS);
    expect((await client.getSecret(name)).value).toBe("two");
    expect((await client.getSecret(name, { version: properties.version! })).value).toBe("one");
    await client.setSecret(name, "three");
    expect((await client.getSecret(name)).value).toBe("three");
  });

  test("a purged secret is gone for good and its name is free", async () => {
    const client = clientOf(cloud);
    await client.setSecret(name, "x");
    await deleteSecret(client, name);
    await client.purgeDeletedSecret(name);
    expect(await refusalOf(client.getDeletedSecret(name))).toEqual({
      statusCode: 404,
      code: "SecretNotFound",
      message: `Deleted Secret not found: ${name}`,
      inner: undefined,
    });
    await client.setSecret(name, "new");
    expect((await client.getSecret(name)).value).toBe("new");
  });

  test("purge protection refuses a purge", async () => {
    const { url: other } = await cloud.core.vaults.ensure("protected", {
      isPurgeProtected: true,
      softDeleteRetentionDays: 7,
    });
    const client = clientOf(cloud, other);
    await client.setSecret(name, "x");
    await deleteSecret(client, name);
    expect(await refusalOf(client.purgeDeletedSecret(name))).toMatchObject({
      statusCode: 403,
      code: "Forbidden",
    });
    const { properties } = await client.getDeletedSecret(name);
    expect([properties.recoverableDays, properties.recoveryLevel]).toEqual([7, "Recoverable"]);
  });
});
