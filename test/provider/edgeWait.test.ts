import { afterEach, beforeEach, expect, test } from "vitest";
import { EdgeRefusedError, openEdge } from "../../src/edge/index.ts";
import { armService } from "../../src/localcloud/arm/index.ts";
import { makeHome } from "../../src/localcloud/home.ts";
import { createIdentityService, IDENTITY_PATH, identityHeader } from "../../src/localcloud/identity/index.ts";
import { waitForEdge } from "../../src/provider/edgeWait.ts";
import { explain } from "../../src/provider/failure.ts";
import type { Run } from "../../src/provider/run.ts";
import { type Harness, makeEdge, openHarness, SUBSCRIPTION } from "../localcloud/arm/harness.ts";

const TARGET = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "rg",
  zone: "local.test",
  profile: "p",
  endpoint: "e",
};

let cloud: Harness;

beforeEach(async () => {
  cloud = await openHarness();
  await makeHome(cloud.context.home);
  await cloud.start(createIdentityService());
  await cloud.start(armService());
  await makeEdge(cloud);
  process.env.TENANTRY_ARM_URL = `http://127.0.0.1:${cloud.context.portOf("arm")}`;
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${cloud.context.portOf("identity")}${IDENTITY_PATH}`;
});

afterEach(() => cloud.stop());

/** As much of a run as a wait looks at. */
function runOf(): Run {
  return { access: { edge: openEdge(TARGET) }, signal: new AbortController().signal } as unknown as Run;
}

test("Resource Manager's 403 is no slow edge: it is told at once, as what it is", async () => {
  process.env.IDENTITY_HEADER = await identityHeader(cloud.context.home.keys, "none");
  const refusal = await waitForEdge("acme", "acme.local.test", 3_000, runOf()).catch(
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(EdgeRefusedError);
  expect(explain(refusal)).toMatchObject({
    code: "PROVISIONING_UNAVAILABLE",
    message: expect.stringMatching(
      /^identity 'none' \(object id '[0-9a-f-]+'\) is not allowed to perform 'Microsoft\.Cdn\/profiles\/customDomains\/read' on '\/subscriptions\/.*\/tenant-acme'\.$/,
    ),
  });
});
