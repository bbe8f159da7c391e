import * as fs from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createIdentityService,
  IDENTITY_PATH,
  identityHeader,
} from "../../../src/localcloud/identity/index.ts";
import { openLocalCloud } from "../../../src/localcloud/index.ts";
import { IDENTITY_NAMES, PRINCIPALS } from "../../../src/localcloud/roles/identities.ts";
import { type Harness, openHarness } from "../arm/harness.ts";
import { ROOT } from "../temporaryHome.ts";

const VAULT = "https://vault.azure.net";

let cloud: Harness;

beforeAll(async () => {
  cloud = await openHarness();
  await fs.mkdir(cloud.context.home.keys, { recursive: true });
  await cloud.start(createIdentityService());
});

afterAll(() => cloud.stop());

async function askToken(header: string): Promise<{ status: number; body: Record<string, string> }> {
  const url = `http://127.0.0.1:${cloud.context.portOf("identity")}${IDENTITY_PATH}`;
  const response = await fetch(`${url}?api-version=2019-08-01&resource=${VAULT}`, {
    headers: { "x-identity-header": header },
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

// https://learn.microsoft.com/azure/app-service/overview-managed-identity (REST endpoint reference)
test.each(IDENTITY_NAMES)("the header of '%s' gets its tokens, which name it", async (name) => {
  const { keys } = cloud.context.home;
  const { status, body } = await askToken(await identityHeader(keys, name));
  const { access_token: token = "" } = body;
  const { objectId, clientId } = PRINCIPALS[name];
  expect([status, body.client_id]).toEqual([200, clientId]);
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  expect(claims).toMatchObject({ aud: VAULT, oid: objectId, appid: clientId, name });
  expect(cloud.context.tokens.principalOf(`Bearer ${token}`, [VAULT])).toEqual({ name, objectId, clientId });
});

test("every header is another one, kept in a 0600 file of its own; the owner's is the one that was always there", async () => {
  const { keys } = cloud.context.home;
  const headers = await Promise.all(IDENTITY_NAMES.map((name) => identityHeader(keys, name)));
  expect(new Set(headers).size).toBe(IDENTITY_NAMES.length);
  const files = (await fs.readdir(keys)).sort();
  expect(files).toEqual([
    "identity-deployer.key",
    "identity-none.key",
    "identity-previewer.key",
    "identity.key",
  ]);
  for (const file of files) expect((await fs.stat(path.join(keys, file))).mode & 0o777).toBe(0o600);
  expect(await identityHeader(keys)).toBe(headers[0]);
});

test("no other header gets a token", async () => {
  const owner = await identityHeader(cloud.context.home.keys);
  for (const header of ["", "x", owner.slice(1), owner.toUpperCase().replace(/.$/, "g")])
    expect((await askToken(header)).status).toBe(401);
});

test("a token whose claims were changed is nobody's", () => {
  const [head, claims = "", signature] = cloud.context.tokens.issue(VAULT, "none").split(".");
  const forged = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
  forged.oid = PRINCIPALS.owner.objectId;
  const token = [head, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join(".");
  expect(cloud.context.tokens.principalOf(`Bearer ${token}`, [VAULT])).toBeUndefined();
});

test("a name that is no identity is refused before anything starts", () => {
  const words =
    "The local cloud has no identity 'admin'; expected one of 'owner', 'deployer', 'previewer', 'none' (`local env --identity`, TENANTRY_LOCAL_IDENTITY).";
  const open = () => openLocalCloud({ root: ROOT, home: cloud.context.home.folder, identity: "admin" });
  expect(open).toThrow(expect.objectContaining({ code: "E_NOT_SUPPORTED", message: words }));
});
