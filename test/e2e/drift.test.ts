import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ArmClients, armClients } from "../../src/edge/armClients.ts";
import { enterCloud } from "../support/cloudContents.ts";
import {
  ask,
  cname,
  type Environment,
  loginRefusal,
  query,
  secretClient,
  tenantUrl,
} from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** `stacks/Pulumi.local.yaml`'s. */
const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
const GROUP = "tenantry-local";
const FRONT_DOOR = "tenantry-local";
const ROUTE = "tenant-acme";
const ELSEWHERE = "elsewhere.example";

describe.sequential("F25: what somebody changes by hand", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let arm: ArmClients;
  let admin: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "acme", "--platform"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    cloud = await enterCloud(workspace);
    arm = await armClients(SUBSCRIPTION);
    const { pathname, host } = new URL(await tenantUrl(cloud, "acme"));
    expect(pathname).toBe("/tenant_acme");
    const server = cloud.postgres.find(({ port }) => host.endsWith(`:${port}`));
    const secret = await secretClient(cloud, cloud.platformVault.url).getSecret(
      `server-${server?.name}-admin`,
    );
    admin = secret.value ?? "";
  });
  afterAll(() => workspace.dispose());

  test("a record's target and TTL, a route's domains, a login taken away: each told, mended, and then no more", async () => {
    const url = await tenantUrl(cloud, "acme");
    await changeRecord("CNAME", "acme", { cnameRecord: { cname: ELSEWHERE } });
    await changeRecord("TXT", "_dnsauth.acme", { ttl: 5 });
    await leaveDomainsOut();
    await query(admin, "ALTER ROLE tenant_acme_owner NOLOGIN");
    expect(await cname(cloud, `acme.${cloud.dns.zone}`)).toEqual([ELSEWHERE]);
    expect((await ask(cloud, `acme.${cloud.dns.zone}`)).status).toBe(404);
    expect(await loginRefusal(url)).toBe("28000");
    const endpoint = await endpointHost();
    expect(await previewLines()).toEqual([
      expect.stringMatching(
        /^~ CDN route 'tenant-acme': customDomains\[0\]: \{"id":".*\/tenant-acme"\} \(new\)$/,
      ),
      `~ DNS CNAME acme: cnameRecord.cname: '${ELSEWHERE}' → '${endpoint}'`,
      "~ DNS TXT _dnsauth.acme: ttl: 5 → 300",
      "~ status: 'altered by hand (role tenant_acme_owner may not log in)' → 'active'",
    ]);
    await mend(4);
    expect(await cname(cloud, `acme.${cloud.dns.zone}`)).toEqual([endpoint]);
    expect((await ask(cloud, `acme.${cloud.dns.zone}`)).status).toBe(200);
    expect(await loginRefusal(url)).toBeUndefined();
    expect((await arm.dns.recordSets.get(GROUP, cloud.dns.zone, "_dnsauth.acme", "TXT")).ttl).toBe(300);
  });

  test("a record set deleted, a grant dropped: told, mended, and then no more", async () => {
    const url = await tenantUrl(cloud, "acme");
    await arm.dns.recordSets.delete(GROUP, cloud.dns.zone, "acme", "CNAME");
    await query(
      admin,
      "SET ROLE tenant_acme_owner; REVOKE CONNECT ON DATABASE tenant_acme FROM tenant_acme_owner",
    );
    expect(await loginRefusal(url)).toBe("42501");
    expect(await previewLines()).toEqual([
      "+ DNS CNAME acme",
      "~ status: 'altered by hand (role tenant_acme_owner may not connect)' → 'active'",
    ]);
    await mend(2);
    expect(await cname(cloud, `acme.${cloud.dns.zone}`)).toEqual([await endpointHost()]);
    expect(await loginRefusal(url)).toBeUndefined();
  });

  /** What `preview --refresh` tells, sorted; nothing is touched by it. */
  async function previewLines(): Promise<string[]> {
    const shown = await workspace.tenantry(["preview", "acme", "--refresh", "--exit-code"]);
    expect(shown, shown.stderr).toMatchObject({ code: 4 });
    const lines = shown.stdout.split("\n").filter((line) => line.startsWith("  "));
    return lines.map((line) => line.trim()).sort();
  }

  async function mend(changes: number): Promise<void> {
    const up = await workspace.tenantry(["up", "acme", "--refresh"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    expect(up.stdout).toMatch(new RegExp(`^acme +active, ${changes} changed`, "m"));
    const after = await workspace.tenantry(["preview", "acme", "--refresh", "--exit-code"]);
    expect(after, after.stdout + after.stderr).toMatchObject({ code: 0 });
    expect(after.stdout).toContain("acme  no changes");
  }

  async function changeRecord(type: "CNAME" | "TXT", name: string, change: object): Promise<void> {
    const record = await arm.dns.recordSets.get(GROUP, cloud.dns.zone, name, type);
    await arm.dns.recordSets.createOrUpdate(GROUP, cloud.dns.zone, name, type, { ...record, ...change });
  }

  async function leaveDomainsOut(): Promise<void> {
    const route = await arm.cdn.routes.get(GROUP, FRONT_DOOR, FRONT_DOOR, ROUTE);
    const change = { ...route, customDomains: [] };
    await arm.cdn.routes.beginCreateAndWait(GROUP, FRONT_DOOR, FRONT_DOOR, ROUTE, change);
  }

  async function endpointHost(): Promise<string> {
    return (await arm.cdn.afdEndpoints.get(GROUP, FRONT_DOOR, FRONT_DOOR)).hostName ?? "";
  }
});
