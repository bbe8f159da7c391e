import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { armClients } from "../../src/edge/armClients.ts";
import { enterCloud, GROUP, SUBSCRIPTION } from "../support/cloudContents.ts";
import { ask, type Environment, query } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

const PORTAL = "portal.acme.example";

describe.sequential("a tenant with a path prefix and a domain of its customer's", () => {
  let workspace: Workspace;
  let environment: Environment;
  let endpoint: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    const acme = workspace.read("tenants/acme.yaml");
    workspace.write("tenants/globex.yaml", acme.replaceAll("acme", "globex"));
    workspace.write("tenants/acme.yaml", `${acme}pathPrefix: /t/acme\ndomains: [${PORTAL}]\n`);
    await run("up", "--platform", "acme", "globex");
    environment = await enterCloud(workspace);
    const { cdn } = await armClients(SUBSCRIPTION);
    for await (const { hostName } of cdn.afdEndpoints.listByProfile(GROUP, "tenantry-local"))
      endpoint = hostName ?? "";
  });
  afterAll(() => workspace.dispose());

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await workspace.tenantry(args);
    expect(code, stdout + stderr).toBe(0);
    return stdout;
  }
  const status = async (slug: string) => JSON.parse(await run("status", slug, "--json"));
  const answer = async (host: string, path = "/") => {
    const { status: code, body } = await ask(environment, host, path);
    const { slug, error } = JSON.parse(body);
    return `${code} ${slug ?? error.code}`;
  };
  const edit = (change: (text: string) => string) =>
    workspace.write("tenants/acme.yaml", change(workspace.read("tenants/acme.yaml")));
  const domains = async () => {
    const { cdn } = await armClients(SUBSCRIPTION);
    const hosts: string[] = [];
    for await (const { hostName } of cdn.afdCustomDomains.listByProfile(GROUP, "tenantry-local"))
      hosts.push(hostName ?? "");
    return hosts.sort();
  };
  const reserved = async () =>
    (await query(environment.master.url, "SELECT host FROM identity.tenant_host ORDER BY 1")).map(
      ({ host }) => host,
    );
  const ownHosts = () => ["acme", "globex"].map((slug) => `${slug}.${environment.dns.zone}`);

  test("is complete without waiting for the domain, which serves nothing yet; status says what it waits for (F43)", async () => {
    const told = await status("acme");
    expect(told).toMatchObject({
      status: "active",
      domains: [{ host: PORTAL, validation: "Pending", serving: false }],
    });
    expect(told.domainRecords).toEqual([
      { type: "TXT", name: `_dnsauth.${PORTAL}`, value: expect.stringMatching(/^_/) },
      { type: "CNAME", name: PORTAL, value: endpoint },
    ]);
    expect(await answer(PORTAL)).toBe("404 HostNotFound");
    expect(await reserved()).toEqual([...ownHosts(), PORTAL].sort());
    expect((await status("globex")).domains).toEqual([]);
  });

  test("serves on the domain once its customer's TXT record proves it, and no change is left", async () => {
    const [txt] = (await status("acme")).domainRecords;
    const { dns } = await armClients(SUBSCRIPTION);
    await dns.zones.createOrUpdate(GROUP, "acme.example", { location: "Global" });
    await dns.recordSets.createOrUpdate(GROUP, "acme.example", "_dnsauth.portal", "TXT", {
      ttl: 60,
      txtRecords: [{ value: [txt.value] }],
    });
    await dns.recordSets.createOrUpdate(GROUP, "acme.example", "portal", "CNAME", {
      ttl: 60,
      cnameRecord: { cname: endpoint },
    });
    await expect.poll(() => answer(PORTAL)).toBe("200 acme");
    expect(await status("acme")).toMatchObject({
      domains: [{ host: PORTAL, validation: "Approved", serving: true }],
    });
    expect(await run("up", "acme")).toContain("no changes");
    expect(await run("preview", "acme", "--exit-code")).toContain("no changes");
  });

  test("serves below its path prefix on the endpoint's own host, and nothing else there", async () => {
    expect(await answer(endpoint, "/t/acme/reports?a=b")).toBe("200 acme");
    expect(await answer(endpoint, "/t/acmeX")).toBe("404 TenantNotFound");
    expect(await answer(endpoint, "/t/globex")).toBe("404 TenantNotFound");
    expect(await answer(`globex.${environment.dns.zone}`, "/t/acme")).toBe("200 globex");
  });

  test("keeps its domain while its customer's CNAME leads to it, and says so (F42)", async () => {
    edit((text) => text.replace(`domains: [${PORTAL}]\n`, ""));
    const { code, stdout } = await workspace.tenantry(["up", "acme"]);
    expect(code).not.toBe(0);
    expect(stdout).toContain(`"${PORTAL}" because it is still CNAMEd`);
    expect(await domains()).toEqual([...ownHosts(), PORTAL].sort());
    expect(await answer(PORTAL)).toBe("404 HostNotFound");
  });

  test("gives it up in the next run, once the CNAME is gone; no other tenant's has changed", async () => {
    const { dns } = await armClients(SUBSCRIPTION);
    await dns.recordSets.delete(GROUP, "acme.example", "portal", "CNAME");
    await run("up", "acme");
    expect([await domains(), await reserved()]).toEqual([ownHosts(), ownHosts()]);
    expect(await answer(`acme.${environment.dns.zone}`)).toBe("200 acme");
    expect(await answer(`globex.${environment.dns.zone}`)).toBe("200 globex");
  });

  test("changes and loses its path prefix with its entry", async () => {
    edit((text) => text.replace("/t/acme", "/clients/acme"));
    await run("up", "acme");
    expect([await answer(endpoint, "/t/acme"), await answer(endpoint, "/clients/acme")]).toEqual([
      "404 TenantNotFound",
      "200 acme",
    ]);
    edit((text) => text.replace("pathPrefix: /clients/acme\n", ""));
    await run("up", "acme");
    expect(await answer(endpoint, "/clients/acme")).toBe("404 TenantNotFound");
    expect(await run("up", "acme")).toContain("no changes");
  });
});
