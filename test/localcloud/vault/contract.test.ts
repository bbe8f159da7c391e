import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openVaults, type Vaults } from "../../../src/localcloud/vault/index.ts";
import {
  authorized,
  clientOf,
  deleteSecret,
  type RawAnswer,
  raw,
  refusalOf,
  startVaultCloud,
  type VaultCloud,
} from "./vaultCloud.ts";

const DAY_MS = 86_400_000;
const VERSION = /^[0-9a-f]{32}$/;

let cloud: VaultCloud;
let count = 0;
let name: string;

beforeAll(async () => {
  cloud = await startVaultCloud();
});
afterAll(() => cloud.close());
beforeEach(() => {
  count += 1;
  name = `secret-${count}`;
});

/** One request as the REST pages write it, on the vault `tenants` or another. */
function call(method: string, path: string, body?: object, url = cloud.url): Promise<RawAnswer> {
  const separator = path.includes("?") ? "&" : "?";
  const text = body === undefined ? undefined : JSON.stringify(body);
  return raw({ ...cloud, url }, method, `${path}${separator}api-version=7.4`, authorized(cloud), text);
}

const attributes = {
  enabled: true,
  created: expect.any(Number),
  updated: expect.any(Number),
  recoveryLevel: "Recoverable+Purgeable",
  recoverableDays: 90,
};

describe("shapes of the REST pages", () => {
  // https://learn.microsoft.com/rest/api/keyvault/secrets/set-secret/set-secret
  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
  test("Set and Get answer value, id with version, content type, tags and attributes", async () => {
    const set = await call("PUT", `/secrets/${name}`, {
      value: "v",
      contentType: "text/plain",
      tags: { a: "b" },
      attributes: { nbf: 1, exp: 2 },
    });
    const { id } = set.body as { id: string };
    const bundle = {
      value: "v",
      id,
      contentType: "text/plain",
      tags: { a: "b" },
      attributes: { ...attributes, nbf: 1, exp: 2 },
    };
    expect([set.status, set.body]).toEqual([200, bundle]);
    expect(id.slice(`${cloud.url}/secrets/${name}/`.length)).toMatch(VERSION);
    const path = new URL(id).pathname;
    expect((await call("GET", path)).body).toEqual(bundle);
    expect((await call("GET", `/secrets/${name.toUpperCase()}`)).body).toEqual(bundle);
  });

  // https://learn.microsoft.com/azure/key-vault/secrets/about-secrets ("Date-time controlled operations")
  test("Get works for secrets that are not valid yet, and that have expired", async () => {
    const client = clientOf(cloud);
    const [past, future] = [new Date(1_000), new Date("2100-01-01T00:00:00Z")];
    await client.setSecret(name, "expired", { expiresOn: past });
    expect((await client.getSecret(name)).value).toBe("expired");
    await client.setSecret(name, "early", { notBefore: future });
    expect((await client.getSecret(name)).value).toBe("early");
  });

  // https://learn.microsoft.com/rest/api/keyvault/secrets/update-secret/update-secret
  test("Update answers no value, and says when it was updated", async () => {
    const { id } = (await call("PUT", `/secrets/${name}`, { value: "v" })).body as { id: string };
    const update = { contentType: "x", attributes: { enabled: false }, tags: { a: "b" } };
    const updated = await call("PATCH", new URL(id).pathname, update);
    expect([updated.status, updated.body]).toEqual([
      200,
      { id, contentType: "x", tags: { a: "b" }, attributes: { ...attributes, enabled: false } },
    ]);
  });

  // https://learn.microsoft.com/rest/api/keyvault/secrets/delete-secret/delete-secret
  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secret/get-deleted-secret
  test("Delete and Get Deleted answer when it was deleted, when it will be purged, and where to recover it", async () => {
    const { id } = (await call("PUT", `/secrets/${name}`, { value: "v" })).body as { id: string };
    const deleted = await call("DELETE", `/secrets/${name}`);
    const { deletedDate, scheduledPurgeDate } = deleted.body as Record<string, number>;
    expect([deleted.status, deleted.body]).toEqual([
      200,
      { recoveryId: `${cloud.url}/deletedsecrets/${name}`, deletedDate, scheduledPurgeDate, id, attributes },
    ]);
    expect(scheduledPurgeDate! - deletedDate!).toBe((90 * DAY_MS) / 1000);
    await expect.poll(() => call("GET", `/deletedsecrets/${name}`)).toMatchObject({ body: deleted.body });
  });

  // https://learn.microsoft.com/rest/api/keyvault/secrets/recover-deleted-secret/recover-deleted-secret
  // https://learn.microsoft.com/rest/api/keyvault/secrets/purge-deleted-secret/purge-deleted-secret
  test("Recover answers the secret without its value, Purge 204 and nothing", async () => {
    const { id } = (await call("PUT", `/secrets/${name}`, { value: "v" })).body as { id: string };
    await deleteSecret(clientOf(cloud), name);
    const recovered = await call("POST", `/deletedsecrets/${name}/recover`);
    expect([recovered.status, recovered.body]).toEqual([200, { id, attributes }]);
    await expect.poll(async () => (await call("DELETE", `/secrets/${name}`)).status).toBe(200);
    await expect.poll(async () => (await call("DELETE", `/deletedsecrets/${name}`)).status).toBe(204);
    expect((await call("GET", `/deletedsecrets/${name}`)).status).toBe(404);
  });
});

test.each([
  ["POST", "/secrets/x/backup"],
  ["POST", "/secrets/restore"],
  ["GET", "/certificates"],
  ["POST", "/keys/k/sign"],
  ["GET", "/rotationpolicy"],
])("%s %s is not built and says so", async (method, path) => {
  expect(await call(method, path, method === "POST" ? {} : undefined)).toMatchObject({
    status: 400,
    body: {
      error: {
        code: "UnsupportedByLocalCloud",
        message: `The local cloud's Key Vault has no '${method} ${path}': it holds secrets only.`,
      },
    },
  });
});

describe("lists", () => {
  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets/get-secrets
  test("a page has up to maxresults, 25 without; nextLink leads on with the same size until it is null", async () => {
    const { url } = await cloud.core.vaults.ensure("pages", {});
    const names = Array.from({ length: 27 }, (_, n) => `page-${String(n).padStart(2, "0")}`);
    for (const each of names) await call("PUT", `/secrets/${each}`, { value: "v" }, url);
    const pages = async (first: string) => {
      const found: string[][] = [];
      for (let next: string | null = first; next !== null; ) {
        const { value, nextLink }: List = (await call("GET", next, undefined, url)).body as unknown as List;
        found.push(value.map(({ id }) => id.replace(`${url}/secrets/`, "")));
        next = nextLink === null ? null : pathOf(nextLink);
      }
      return found;
    };
    expect(await pages("/secrets")).toEqual([names.slice(0, 25), names.slice(25)]);
    expect((await pages("/secrets?maxresults=10")).map(({ length }) => length)).toEqual([10, 10, 7]);
    for (const size of ["0", "26", "x", "1.5"]) {
      expect((await call("GET", `/secrets?maxresults=${size}`, undefined, url)).status).toBe(400);
    }
  });

  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secrets/get-secrets ("only the base secret identifier")
  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret-versions/get-secret-versions
  test("secrets are listed without versions and values, versions with their full ids", async () => {
    const { url } = await cloud.core.vaults.ensure("versions", {});
    const ids = [];
    for (const value of ["one", "two"]) {
      ids.push((await call("PUT", `/secrets/${name}`, { value }, url)).body.id as string);
    }
    expect((await call("GET", "/secrets", undefined, url)).body).toEqual({
      value: [{ id: `${url}/secrets/${name}`, attributes }],
      nextLink: null,
    });
    const versions = (await call("GET", `/secrets/${name}/versions`, undefined, url)).body;
    expect(versions).toEqual({ value: ids.toSorted().map((id) => ({ id, attributes })), nextLink: null });
  });

  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-deleted-secrets/get-deleted-secrets
  test("deleted secrets come in pages too", async () => {
    const { url } = await cloud.core.vaults.ensure("bin", {});
    const client = clientOf(cloud, url);
    const names = Array.from({ length: 26 }, (_, n) => `bin-${String(n).padStart(2, "0")}`);
    await Promise.all(names.map((each) => client.setSecret(each, "v")));
    await Promise.all(names.map((each) => deleteSecret(client, each)));
    const pages: string[][] = [];
    for await (const page of client.listDeletedSecrets().byPage()) {
      pages.push(page.map((each) => each.name));
    }
    expect(pages).toEqual([names.slice(0, 25), names.slice(25)]);
  });
});

interface List {
  readonly value: readonly { readonly id: string }[];
  readonly nextLink: string | null;
}

/** Path and query without the version, which `call` adds. */
function pathOf(link: string): string {
  const { pathname, searchParams } = new URL(link);
  searchParams.delete("api-version");
  return `${pathname}?${searchParams}`;
}

// https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview ("at the end of the retention interval …")
describe("retention", () => {
  let clock: number;
  let vaults: Vaults;

  /** The same home with a clock that the test turns. */
  beforeEach(async () => {
    clock = Date.now();
    vaults = await openVaults(cloud.core.context, () => clock);
  });

  async function softDeleted(vault: string, properties: object): Promise<string> {
    const { url } = await vaults.ensure(vault, properties);
    onTestFinished(() => vaults.close());
    await clientOf(cloud, url).setSecret(name, "old");
    await clientOf(cloud, url).beginDeleteSecret(name, { intervalInMs: 60_000 });
    return url;
  }

  const statesOf = async (url: string) => {
    const client = clientOf(cloud, url);
    const listed = [];
    for await (const each of client.listDeletedSecrets()) listed.push(each.name);
    const found = await refusalOf(client.getDeletedSecret(name));
    return { listed, found: (found as { statusCode?: number }).statusCode ?? "there" };
  };

  test.each([
    ["7 days", 7, false],
    ["90 days", 90, false],
    ["7 days with purge protection", 7, true],
  ])(
    "a soft-deleted secret is recoverable for %s to the last moment, and then gone for good",
    async (_, days, isPurgeProtected) => {
      const vault = `later-${count}`;
      const url = await softDeleted(vault, { softDeleteRetentionDays: days, isPurgeProtected });
      clock += days * DAY_MS - 1;
      expect(await statesOf(url)).toEqual({ listed: [name], found: "there" });
      clock += 1;
      expect(await statesOf(url)).toEqual({ listed: [], found: 404 });
      const client = clientOf(cloud, url);
      expect(await refusalOf(client.beginRecoverDeletedSecret(name))).toMatchObject({ statusCode: 404 });
      await client.setSecret(name, "new");
      expect((await client.getSecret(name)).value).toBe("new");
      const versions = [];
      for await (const each of client.listPropertiesOfSecretVersions(name)) versions.push(each.version);
      expect(versions).toHaveLength(1);
    },
  );

  test("its values leave the disk with it, at the next deletion or start of the vault", async () => {
    const { store } = cloud.core;
    const url = await softDeleted("swept", { softDeleteRetentionDays: 7 });
    const kept = () => store.list("vault:swept").map(({ id }) => id);
    clock += 7 * DAY_MS;
    expect(kept()).toEqual([name]);
    await clientOf(cloud, url).setSecret("other", "x");
    await clientOf(cloud, url).beginDeleteSecret("other", { intervalInMs: 60_000 });
    expect(kept()).toEqual(["other"]);
    clock += 7 * DAY_MS;
    await vaults.stop("swept");
    await vaults.ensure("swept", {});
    expect(kept()).toEqual([]);
  });
});

describe("throttling (F41)", () => {
  // https://learn.microsoft.com/azure/key-vault/general/overview-throttling
  test("429 says how long to wait, and what was refused doesn't count", async () => {
    process.env.TENANTRY_LOCAL_VAULT_TRANSACTIONS = "2";
    onTestFinished(() => {
      delete process.env.TENANTRY_LOCAL_VAULT_TRANSACTIONS;
    });
    const { url } = await cloud.core.vaults.ensure(`busy-${count}`, {});
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await call("GET", `/secrets/${name}`, undefined, url));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 429, 429]);
    const { headers, body } = answers[3]!;
    expect(body).toEqual({
      error: {
        code: "Throttled",
        message:
          "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
      },
    });
    const waitSeconds = Number(headers["retry-after"]);
    expect(waitSeconds).toBeGreaterThanOrEqual(1);
    expect(waitSeconds).toBeLessThanOrEqual(10);
    const patient = clientOf(cloud, url, 3);
    expect(await refusalOf(patient.getSecret(name))).toMatchObject({ statusCode: 404 });
  });
});
