import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gate, openGate, type RequestPlace } from "../../src/gate/index.ts";
import { type Client, close, connect } from "../../src/postgres/index.ts";
import { raiseCacheEpoch, tellMasterGoes } from "../../src/registry/index.ts";
import { makeMaster, reserve } from "../registry/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";

let server: TestPostgres;
let masterUrl: string;
let master: Client;
let superuser: Client;
let gate: Gate;
const reasons: string[] = [];

beforeAll(async () => {
  server = await startTestPostgres();
  masterUrl = await makeMaster(server.adminUrl, "master_gate");
  master = await connect(masterUrl, { applicationName: "test" });
  superuser = await connect(server.superuserUrl, { applicationName: "test" });
  for (const slug of ["acme", "globex"]) await reserve(master, slug);
  await setStatus("acme", "active");
  await setStatus("globex", "active");
});
afterAll(async () => {
  await gate.close();
  await close(master);
  await close(superuser);
  await server.stop();
});

beforeEach(async () => {
  await gate?.close();
  reasons.length = 0;
  gate = openGate({
    enabled: true,
    masterUrl: async () => masterUrl,
    onMasterAway: (reason) => reasons.push(reason),
  });
});

const at = (host: string, path = "/"): RequestPlace => ({ host, path });
const outcome = async (place: RequestPlace) => {
  const answer = await gate.resolve(place);
  if (answer.kind === "tenant")
    return `${answer.tenant.slug}${answer.prefix === undefined ? "" : ` at ${answer.prefix}`}`;
  return answer.kind === "refused" ? `${answer.statusCode} ${answer.code}` : answer.kind;
};
const setStatus = (slug: string, status: string) =>
  master.query("UPDATE identity.tenant SET status = $2, cache_epoch = cache_epoch + 1 WHERE slug = $1", [
    slug,
    status,
  ]);
const setPrefix = (slug: string, prefix: string | null) =>
  master.query("UPDATE identity.tenant SET path_prefix = $2, cache_epoch = cache_epoch + 1 WHERE slug = $1", [
    slug,
    prefix,
  ]);
/** Ends the gate's connections, as a restart of the server does; answers how many there were. */
const cut = async () => {
  const { rows } = await superuser.query(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tenantry gate'",
  );
  return rows.length;
};

const sessions = async () => {
  const { rows } = await superuser.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'tenantry gate'",
  );
  return rows[0].count;
};

describe("a gate that is on", () => {
  test("lets an active tenant through by its host, with its id and epoch", async () => {
    const { rows } = await master.query(
      "SELECT id, cache_epoch::int AS epoch FROM identity.tenant WHERE slug = 'acme'",
    );
    expect(await gate.resolve(at("acme.tenants.test"))).toEqual({
      kind: "tenant",
      tenant: { id: rows[0].id, slug: "acme", status: "active", cacheEpoch: rows[0].epoch },
    });
  });

  test.each([
    ["provisioning", "503 TenantProvisioning"],
    ["provisioning_failed", "404 TenantNotFound"],
    ["suspended", "403 TenantSuspended"],
    ["deleting", "503 TenantUnavailable"],
    ["deleted", "503 TenantUnavailable"],
    ["purging", "503 TenantUnavailable"],
    ["purged", "404 TenantNotFound"],
    ["active", "acme"],
  ])("a tenant that is %s is answered %s", async (status, expected) => {
    await setStatus("acme", status);
    expect(await outcome(at("acme.tenants.test"))).toBe(expected);
  });

  test("says when to come back to a tenant that is being made, and nothing else of it", async () => {
    await setStatus("acme", "provisioning");
    expect(await gate.resolve(at("acme.tenants.test"))).toEqual({
      kind: "refused",
      statusCode: 503,
      code: "TenantProvisioning",
      message: "The tenant of 'acme.tenants.test' is being made.",
      retryAfterSeconds: 30,
    });
    await setStatus("acme", "active");
  });

  test("a tenant whose provisioning failed answers as if it had never been", async () => {
    await setStatus("acme", "provisioning_failed");
    const failed = await gate.resolve(at("acme.tenants.test"));
    await setStatus("acme", "active");
    const { rows } = await master.query(
      "DELETE FROM identity.tenant_host WHERE host = 'acme.tenants.test' RETURNING *",
    );
    await gate.close();
    gate = openGate({ enabled: true, masterUrl: async () => masterUrl });
    expect(await gate.resolve(at("acme.tenants.test"))).toEqual(failed);
    await master.query("INSERT INTO identity.tenant_host VALUES ($1, $2)", [rows[0].host, rows[0].tenant_id]);
  });

  test("an unknown host has no tenant to fall back to", async () => {
    expect(await outcome(at("nobody.tenants.test"))).toBe("404 TenantNotFound");
    expect(await outcome(at("tenants.test"))).toBe("404 TenantNotFound");
    expect(await outcome(at("xacme.tenants.test"))).toBe("404 TenantNotFound");
  });
});

describe("a path prefix", () => {
  test("names a tenant where the host names none, by whole segments, the longest first", async () => {
    await setPrefix("acme", "/t");
    await setPrefix("globex", "/t/globex");
    const paths = ["/t", "/t/", "/t/x", "/t/globex", "/t/globex/x", "/t/globexX", "/x/t", "/"];
    const found = await Promise.all(paths.map((path) => outcome(at("shared.tenants.test", path))));
    expect(found).toEqual([
      ...["acme at /t", "acme at /t", "acme at /t", "globex at /t/globex", "globex at /t/globex"],
      ...["acme at /t", "404 TenantNotFound", "404 TenantNotFound"],
    ]);
  });

  test("never outweighs the host's tenant", async () => {
    await setStatus("acme", "suspended");
    expect(await outcome(at("acme.tenants.test", "/t/globex"))).toBe("403 TenantSuspended");
    await setStatus("acme", "active");
    expect(await outcome(at("acme.tenants.test", "/t/globex"))).toBe("acme");
  });

  test("is not looked for in a path that two servers could read as two", async () => {
    expect(await outcome(at("shared.tenants.test", "/t/globex/../x"))).toBe("404 TenantNotFound");
    expect(await outcome(at("shared.tenants.test", "/t/globex/%2e%2e/x"))).toBe("404 TenantNotFound");
  });

  test("ends with its tenant's life", async () => {
    await setStatus("globex", "purged");
    expect(await outcome(at("shared.tenants.test", "/t/globex"))).toBe("acme at /t");
    await setStatus("globex", "active");
    await setPrefix("acme", null);
    await setPrefix("globex", null);
  });
});

describe("what a gate keeps", () => {
  /** Counts what the gate asks master for, through a function in the URL's place. */
  const questions = async () => {
    const { rows } = await superuser.query(
      "SELECT xact_commit FROM pg_stat_database WHERE datname = 'master_gate'",
    );
    return Number(rows[0].xact_commit);
  };

  test("answers again while master is away", async () => {
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    await superuser.query("ALTER DATABASE master_gate ALLOW_CONNECTIONS false");
    expect(await cut()).toBe(1);
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    expect(await outcome(at("globex.tenants.test"))).toBe("503 MasterUnavailable");
    expect(reasons.join()).toContain("not currently accepting connections");
    expect(reasons.join()).not.toContain(new URL(masterUrl).password);
    await superuser.query("ALTER DATABASE master_gate ALLOW_CONNECTIONS true");
    await expect.poll(() => outcome(at("globex.tenants.test"))).toBe("globex");
  });

  test("goes with a NOTIFY: a suspended tenant is refused at once", async () => {
    for (let round = 0; round < 20; round += 1) {
      expect(await outcome(at("acme.tenants.test"))).toBe("acme");
      await setStatus("acme", "suspended");
      // The same session tells and asks, so its next answer comes after the news.
      await expect.poll(() => outcome(at("acme.tenants.test")), { interval: 1 }).toBe("403 TenantSuspended");
      await setStatus("acme", "active");
      await expect.poll(() => outcome(at("acme.tenants.test")), { interval: 1 }).toBe("acme");
    }
  });

  test("goes with `clear-cache`, whose epoch the next answer has", async () => {
    const epoch = async () => {
      const answer = await gate.resolve(at("acme.tenants.test"));
      return answer.kind === "tenant" ? answer.tenant.cacheEpoch : undefined;
    };
    const before = (await epoch()) ?? Number.NaN;
    const { rows } = await master.query("SELECT id FROM identity.tenant WHERE slug = 'acme'");
    expect(await raiseCacheEpoch(master, rows[0].id)).toBe(before + 1);
    await expect.poll(epoch).toBe(before + 1);
  });

  test("is dropped when a lost connection is there again, for nobody heard what changed meanwhile", async () => {
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    expect(await cut()).toBe(1);
    await setStatus("acme", "suspended");
    // Whichever request comes next opens the connection again, also one that is answered from what is kept.
    await expect.poll(() => outcome(at("acme.tenants.test"))).toBe("403 TenantSuspended");
    await setStatus("acme", "active");
  });

  test("is too old at once when its age is bounded by nothing: then every request asks", async () => {
    await gate.close();
    gate = openGate({ enabled: true, masterUrl: async () => masterUrl, limits: { maxAgeMs: 0 } });
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    await superuser.query("ALTER DATABASE master_gate ALLOW_CONNECTIONS false");
    expect(await cut()).toBe(1);
    expect(await outcome(at("acme.tenants.test"))).toBe("503 MasterUnavailable");
    await superuser.query("ALTER DATABASE master_gate ALLOW_CONNECTIONS true");
  });

  test("is asked for once by any number of requests at once", async () => {
    await outcome(at("globex.tenants.test"));
    const before = await questions();
    const many = await Promise.all(Array.from({ length: 500 }, () => outcome(at("acme.tenants.test"))));
    expect(new Set(many)).toEqual(new Set(["acme"]));
    expect((await questions()) - before).toBeLessThan(50);
  });
});

test("a gate lets go of master when master says that it goes, and comes back with the next question", async () => {
  expect(await outcome(at("acme.tenants.test"))).toBe("acme");
  await tellMasterGoes(master);
  await expect.poll(sessions).toBe(0);
  expect(await outcome(at("acme.tenants.test"))).toBe("acme");
  expect(await sessions()).toBe(1);
});

describe("master's URL", () => {
  test("that isn't there yet denies everything, until it is", async () => {
    let url: string | undefined;
    await gate.close();
    gate = openGate({ enabled: true, masterUrl: async () => url });
    expect(await outcome(at("acme.tenants.test"))).toBe("503 MasterUnavailable");
    url = masterUrl;
    await expect.poll(() => outcome(at("acme.tenants.test"))).toBe("acme");
  });

  test("whose password was rotated is asked for afresh", async () => {
    const stale = new URL(masterUrl);
    stale.password = "of-yesterday";
    const asked: boolean[] = [];
    await gate.close();
    gate = openGate({
      enabled: true,
      masterUrl: async (isFresh) => {
        asked.push(isFresh);
        return isFresh ? masterUrl : stale.href;
      },
    });
    expect(await outcome(at("acme.tenants.test"))).toBe("acme");
    expect(asked).toEqual([false, true]);
  });
});

test("a gate that is off passes everything on and asks nobody", async () => {
  const off = openGate({
    masterUrl: () => {
      throw new Error("asked");
    },
  });
  expect(await off.resolve(at("nobody.tenants.test"))).toEqual({ kind: "passThrough" });
  await off.close();
});
