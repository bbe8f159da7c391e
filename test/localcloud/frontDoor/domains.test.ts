import { afterEach, beforeEach, expect, test } from "vitest";
import type { ArmResource } from "../../../src/localcloud/arm/armResource.ts";
import { CDN, DNS, SOON } from "../arm/harness.ts";
import { type EdgeBench, openEdge, PROFILE } from "./edgeBench.ts";

let edge: EdgeBench;
const DOMAIN = `${PROFILE}/customDomains/acme`;
const PROOF = "Microsoft.Network/dnsZones/local.test/TXT/_dnsauth.acme";

beforeEach(async () => {
  edge = await openEdge();
});
afterEach(() => edge.stop());

async function reopen(settings: Record<string, string>): Promise<void> {
  await edge.stop();
  edge = await openEdge(settings);
}

const putDomain = () => edge.cloud.arm("PUT", DOMAIN, CDN, { properties: { hostName: "acme.local.test" } });
const getDomain = async () => (await edge.cloud.arm("GET", DOMAIN, CDN)).body.properties;
const stateOf = async () => (await getDomain()).domainValidationState;
const putProof = (...texts: readonly string[]) =>
  edge.cloud.arm("PUT", PROOF, DNS, {
    properties: { TTL: 1, TXTRecords: texts.map((text) => ({ value: [text] })) },
  });
const tokenOf = async () => (await getDomain()).validationProperties.validationToken as string;

/** Writes past Resource Manager, as seven days do. */
async function expire(): Promise<void> {
  const { store } = edge.cloud;
  const found = store.list<ArmResource>("arm").find(({ id }) => id.endsWith("/customdomains/acme"));
  if (found === undefined) throw new Error("no domain");
  const validationProperties = {
    ...(found.doc.properties.validationProperties as object),
    expirationDate: new Date(Date.now() - 1).toISOString(),
  };
  await store.put("arm", found.id, {
    ...found.doc,
    properties: { ...found.doc.properties, validationProperties },
  });
}

// https://learn.microsoft.com/azure/frontdoor/domain ("Domain validation states")
test("Pending until the token is there beside whatever else, then Approved", async () => {
  await putDomain();
  expect(await stateOf()).toBe("Pending");
  await putProof("v=spf1 -all");
  expect(await stateOf()).toBe("Pending");
  await putProof("v=spf1 -all", await tokenOf());
  expect(await stateOf()).toBe("Approved");
});

// https://learn.microsoft.com/azure/frontdoor/domain ("After your domain has been validated … you can safely delete the TXT record")
test.each(["changed", "deleted", "deleted with its zone"])(
  "it stays Approved when the TXT record is %s",
  async (how) => {
    await putDomain();
    await putProof(await tokenOf());
    if (how === "changed") await putProof("another");
    if (how === "deleted") await edge.cloud.arm("DELETE", PROOF, DNS);
    if (how === "deleted with its zone")
      await edge.cloud.arm("DELETE", "Microsoft.Network/dnsZones/local.test", DNS);
    expect(await stateOf()).toBe("Approved");
    await edge.cloud.arm("DELETE", DOMAIN, CDN);
    await putDomain();
    expect(await stateOf()).toBe("Pending");
  },
);

test("a record that goes before the validation is over has proven nothing", async () => {
  await reopen({ VALIDATION_DELAY_MS: "3600000" });
  await putDomain();
  await putProof(await tokenOf());
  await edge.cloud.arm("DELETE", PROOF, DNS);
  expect(await stateOf()).toBe("Pending");
});

// https://learn.microsoft.com/azure/frontdoor/domain ("Submitting: The custom domain is being created")
test("Submitting while it is being created", async () => {
  await putDomain();
  const { store } = edge.cloud;
  const found = store.list<ArmResource>("arm").find(({ id }) => id.endsWith("/customdomains/acme"));
  const properties = { ...found?.doc.properties, provisioningState: "Creating" };
  await store.put("arm", found?.id ?? "", { ...found?.doc, properties });
  expect(await stateOf()).toBe("Submitting");
});

// https://learn.microsoft.com/azure/frontdoor/domain ("Timeout: The TXT record wasn't added … within seven days")
// https://learn.microsoft.com/rest/api/frontdoorstandardpremium/afd-custom-domains/refresh-validation-token
test("TimedOut after seven days without the token; a refreshed token starts anew", async () => {
  await putDomain();
  const old = await tokenOf();
  const { expirationDate } = (await getDomain()).validationProperties;
  expect(Math.round((Date.parse(expirationDate) - Date.now()) / 86_400_000)).toBe(7);
  await expire();
  expect(await stateOf()).toBe("TimedOut");
  await putProof(old);
  expect(await stateOf()).toBe("TimedOut");
  const refreshed = await edge.cloud.arm("POST", `${DOMAIN}/refreshValidationToken`, CDN);
  expect(refreshed.status).toBe(202);
  await expect.poll(stateOf, SOON).toBe("Pending");
  expect(await tokenOf()).not.toBe(old);
  await putProof(await tokenOf());
  expect(await stateOf()).toBe("Approved");
});

test("a host outside of the local cloud's zones stays Pending, and where its CNAME leads isn't asked", async () => {
  const other = `${PROFILE}/customDomains/other`;
  await edge.cloud.arm("PUT", other, CDN, { properties: { hostName: "www.example.com" } });
  expect((await edge.cloud.arm("GET", other, CDN)).body.properties.domainValidationState).toBe("Pending");
  expect((await edge.cloud.arm("DELETE", other, CDN)).status).toBe(200);
});

test("an approved domain stays approved past the seven days and with a refreshed token", async () => {
  await putDomain();
  const token = await tokenOf();
  await putProof(token);
  await edge.cloud.arm("POST", `${DOMAIN}/refreshValidationToken`, CDN);
  await expect.poll(tokenOf, SOON).not.toBe(token);
  await expire();
  await edge.cloud.arm("DELETE", PROOF, DNS);
  expect(await stateOf()).toBe("Approved");
});

// F42. https://github.com/hashicorp/terraform/issues/31108 (Azure's words: "still directly or indirectly … CNAMEd")
test.each([
  ["directly", { acme: "e.z01.azurefd.net" }],
  ["through another name", { acme: "alias.local.test", alias: "E.z01.azurefd.net." }],
  ["by a wildcard", { "*": "e.z01.azurefd.net" }],
])("a domain is not deleted while a CNAME leads it %s to Front Door", async (_, cnames) => {
  const record = (name: string) => `Microsoft.Network/dnsZones/local.test/CNAME/${name}`;
  for (const [name, cname] of Object.entries(cnames)) {
    await edge.cloud.arm("PUT", record(name), DNS, { properties: { TTL: 1, CNAMERecord: { cname } } });
  }
  await putDomain();
  const refused = await edge.cloud.arm("DELETE", DOMAIN, CDN);
  expect([refused.status, refused.body.error.message]).toEqual([
    400,
    'Cannot delete custom domain "acme.local.test" because it is still CNAMEd to "e.z01.azurefd.net". Remove the CNAME record first.',
  ]);
  for (const name of Object.keys(cnames)) await edge.cloud.arm("DELETE", record(name), DNS);
  expect((await edge.cloud.arm("DELETE", DOMAIN, CDN)).status).toBe(200);
});

// https://learn.microsoft.com/azure/frontdoor/domain ("Domain types": no managed certificate for a wildcard domain)
test("a wildcard domain is refused by name", async () => {
  const refused = await edge.cloud.arm("PUT", DOMAIN, CDN, { properties: { hostName: "*.local.test" } });
  expect([refused.status, refused.body.error]).toEqual([
    400,
    {
      code: "UnsupportedByLocalCloud",
      message:
        "The local cloud's Front Door has no wildcard domains ('*.local.test'): on Azure they need a certificate of your own.",
    },
  ]);
});
