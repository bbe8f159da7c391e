import { afterAll, beforeAll, expect, test } from "vitest";
import { openEdge } from "../../src/edge/index.ts";
import { type OperationContext, renewDomains } from "../../src/operations/index.ts";
import { type Client, close } from "../../src/postgres/index.ts";
import { domainNames } from "../../src/tenant/edgeNames.ts";
import { EDGE_TARGET, PATHS, startTestAzure, type TestAzure } from "../edge/azure.ts";
import { makeMaster, openMaster, RUN, reserve } from "../registry/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { startTestKeyVault, type TestKeyVault } from "../vault/keyVault.ts";

const HOSTS = ["acme.local.tenantry.test", "expired.example", "pending.example", "missing.example"];
let server: TestPostgres;
let identity: TestKeyVault;
let azure: TestAzure;
let master: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  identity = await startTestKeyVault();
  azure = await startTestAzure();
  master = await openMaster(await makeMaster(server.adminUrl, "master_renew"));
  await reserve(master, "acme");
});
afterAll(async () => {
  await close(master);
  await azure.stop();
  await identity.stop();
  await server.stop();
});

test("customers' hosts whose validation expired get a new token, once, with an audit row; no other host is touched", async () => {
  const notes: string[] = [];
  const context = {
    access: { edge: openEdge(EDGE_TARGET), withMaster: (body: (client: Client) => unknown) => body(master) },
    note: (text: string) => notes.push(text),
    point: () => undefined,
    run: RUN,
  } as unknown as OperationContext;
  const states = ["TimedOut", "TimedOut", "Pending"];
  const paths = domainNames("acme", HOSTS).map(({ name }) => PATHS.domain(name.replace(/^tenant-/, "")));
  states.forEach((domainValidationState, at) => {
    azure.put(paths[at] ?? "", { hostName: HOSTS[at], domainValidationState });
  });
  expect(await renewDomains(context, "acme", HOSTS)).toEqual(["expired.example"]);
  expect(await renewDomains(context, "acme", HOSTS)).toEqual([]);
  expect(azure.requests.filter((each) => each.startsWith("POST"))).toHaveLength(1);
  expect(notes).toEqual([
    "expired.example: its validation was 'TimedOut'; `status acme` shows the new token",
  ]);
  const { rows } = await master.query(
    "SELECT details FROM identity.tenant_audit WHERE event_type = 'TENANT_DOMAINS_RENEWED'",
  );
  expect(rows).toEqual([{ details: { hosts: ["expired.example"] } }]);
});
