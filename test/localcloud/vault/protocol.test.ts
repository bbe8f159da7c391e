import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { authorized, clientOf, raw, refusalOf, startVaultCloud, type VaultCloud } from "./vaultCloud.ts";

const CANARY = `canary-${randomBytes(12).toString("hex")}-'"%@\n☃`;

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

describe("protocol", () => {
  test("without a token, or with one for something else, the answer is the challenge", async () => {
    const target = "/secrets/x?api-version=7.6";
    const missing = await raw(cloud, "GET", target);
    expect([missing.status, missing.body]).toEqual([
      401,
      { error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer or PoP token." } },
    ]);
    expect(missing.headers["www-authenticate"]).toMatch(
      /^Bearer authorization="https:\/\/.+", resource="https:\/\/vault\.azure\.net"$/,
    );
    for (const token of [
      cloud.core.context.tokens.issue("https://management.azure.com/"),
      "made.up.token",
      "x",
    ]) {
      expect((await raw(cloud, "GET", target, { authorization: `Bearer ${token}` })).status).toBe(401);
    }
  });

  test("the api-version must be given and be known", async () => {
    expect((await raw(cloud, "GET", "/secrets", authorized(cloud))).body).toEqual({
      error: { code: "BadParameter", message: "api-version must be specified" },
    });
    expect(await raw(cloud, "GET", "/secrets?api-version=1.0", authorized(cloud))).toMatchObject({
      status: 400,
      body: { error: { code: "BadParameter" } },
    });
  });

  test("what isn't built is refused by name", async () => {
    const answer = await raw(cloud, "POST", "/keys/k/create?api-version=7.6", authorized(cloud), "{}");
    expect([answer.status, answer.body]).toEqual([
      400,
      {
        error: {
          code: "UnsupportedByLocalCloud",
          message: "The local cloud's Key Vault has no 'POST /keys/k/create': it holds secrets only.",
        },
      },
    ]);
  });

  test("bad names, bodies and sizes are refused before anything is kept", async () => {
    const put = (target: string, body: string) =>
      raw(cloud, "PUT", `/secrets/${target}?api-version=7.6`, authorized(cloud), body);
    const codes = await Promise.all([
      put("under_score", '{"value":"x"}'),
      put("%E0%A4", '{"value":"x"}'),
      put(name, "not json"),
      put(name, "{}"),
      put(name, '{"value":1}'),
      put(name, JSON.stringify({ value: "x".repeat(25_601) })),
      put(name, '{"value":"x","managed":true}'),
      put(
        name,
        JSON.stringify({
          value: "x",
          tags: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, ""])),
        }),
      ),
    ]);
    expect(codes.map(({ status, body }) => [status, (body.error as { code: string }).code])).toEqual(
      Array.from({ length: 8 }, () => [400, "BadParameter"]),
    );
    expect((await raw(cloud, "GET", `/secrets/${name}?api-version=7.6`, authorized(cloud))).status).toBe(404);
  });
});

describe("throttling", () => {
  test("one request too many in ten seconds is 429 with Retry-After, which the SDK honours", async () => {
    process.env.TENANTRY_LOCAL_VAULT_TRANSACTIONS = "4";
    onTestFinished(() => {
      delete process.env.TENANTRY_LOCAL_VAULT_TRANSACTIONS;
    });
    const { url } = await cloud.core.vaults.ensure("busy", {});
    const impatient = clientOf(cloud, url);
    await impatient.setSecret(name, "x");
    for (const _ of [1, 2]) await impatient.getSecret(name);
    expect(await refusalOf(impatient.getSecret(name))).toMatchObject({ statusCode: 429, code: "Throttled" });
    expect((await clientOf(cloud, url, 3).getSecret(name)).value).toBe("x");
  });
});

describe("identity", () => {
  test("gives tokens to who knows the header, for the resource asked for", async () => {
    const token = await new ManagedIdentityCredential().getToken("https://management.azure.com/.default");
    const header = `Bearer ${token.token}`;
    const { tokens } = cloud.core.context;
    expect(tokens.principalOf(header, ["https://management.azure.com"])?.name).toBe("owner");
    expect(tokens.principalOf(header, ["https://vault.azure.net"])).toBeUndefined();
    expect(token.expiresOnTimestamp - Date.now()).toBeGreaterThan(23 * 60 * 60 * 1000);
  });

  test("refuses without the header, another version and another identity", async () => {
    const endpoint = process.env.IDENTITY_ENDPOINT ?? "";
    const header = { "x-identity-header": process.env.IDENTITY_HEADER ?? "" };
    const ask = async (query: string, headers: Record<string, string> = header) =>
      (await fetch(`${endpoint}?${query}`, { headers })).status;
    const good = "resource=https://vault.azure.net&api-version=2019-08-01";
    expect([
      await ask(good),
      await ask(good, {}),
      await ask(good, { "x-identity-header": "wrong" }),
      await ask("resource=https://vault.azure.net&api-version=2017-09-01"),
      await ask("api-version=2019-08-01"),
      await ask(`${good}&client_id=x`),
    ]).toEqual([200, 401, 401, 400, 400, 400]);
  });
});

describe("at rest", () => {
  test("no value is readable in any file of the home, and everything is back after opening again", async () => {
    const client = clientOf(cloud);
    await client.setSecret(name, CANARY);
    const names = await fs.readdir(cloud.home.folder, { recursive: true, withFileTypes: true });
    for (const entry of names.filter((each) => each.isFile())) {
      const file = path.join(entry.parentPath, entry.name);
      const content = await fs.readFile(file);
      for (const form of [
        CANARY,
        JSON.stringify(CANARY).slice(1, -1),
        Buffer.from(CANARY).toString("base64"),
      ]) {
        expect(content.includes(form), `${file} holds the value`).toBe(false);
      }
      expect((await fs.stat(file)).mode & 0o077, file).toBe(0);
    }
    await cloud.reopen();
    expect((await clientOf(cloud).getSecret(name)).value).toBe(CANARY);
    expect(await cloud.core.vaults.urlOf("Tenants")).toBe(cloud.url);
  });

  test("a stopped vault does not answer, and has its secrets when it comes back; a purged one has none", async () => {
    const { url: other } = await cloud.core.vaults.ensure("comes-and-goes", {});
    await clientOf(cloud, other).setSecret(name, "kept");
    await cloud.core.vaults.stop("comes-and-goes");
    await expect(clientOf(cloud, other).getSecret(name)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await cloud.core.vaults.ensure("comes-and-goes", {});
    expect((await clientOf(cloud, other).getSecret(name)).value).toBe("kept");
    await cloud.core.vaults.purge("comes-and-goes");
    await cloud.core.vaults.ensure("comes-and-goes", {});
    expect(await refusalOf(clientOf(cloud, other).getSecret(name))).toMatchObject({ statusCode: 404 });
  });
});
