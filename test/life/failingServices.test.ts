import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseFault } from "../../src/cli/faultWords.ts";
import { type LocalCloud, openLocalCloud } from "../../src/localcloud/index.ts";
import {
  type CloudContents,
  contentsOf,
  enterCloud,
  readCloudContents,
  tenantContents,
} from "../support/cloudContents.ts";
import { readFootprint } from "../support/footprint.ts";
import { type Environment, query } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";

const OTHER = "northwind-logistics";
const BAD_MIGRATION = "migrations/tenant/0009_bad.sql";
const PURGE = ["destroy", "acme", "--purge", "--confirm", "acme"];
/** Both servers: whichever holds the tenant. */
const onServers = (what: string) => ["db-01", "db-02"].map((name) => `postgres --server ${name} ${what}`);

/** A service that refuses one step, by the step; `_` stands for a space within a word. */
const FAILING_CREATES: Readonly<Record<string, readonly string[]>> = {
  "the secret's write": ["vault --status 400 --method PUT"],
  "the role": onServers("--sqlstate 53100 --path CREATE_ROLE"),
  "the database": onServers("--sqlstate 53100 --path CREATE_DATABASE"),
  "the domain": ["arm --status 400 --method PUT --path /customDomains/"],
  "the route": ["arm --status 400 --method PUT --path /routes/"],
  "the TXT record": ["arm --status 400 --method PUT --path /TXT/"],
  "the CNAME": ["arm --status 400 --method PUT --path /CNAME/"],
};
const FAILING_DELETES: Readonly<Record<string, readonly string[]>> = {
  "the CNAME": ["arm --status 400 --method DELETE --path /CNAME/"],
  "the TXT record": ["arm --status 400 --method DELETE --path /TXT/"],
  "the route": ["arm --status 400 --method DELETE --path /routes/"],
  "the domain": ["arm --status 400 --method DELETE --path /customDomains/"],
  "the database": onServers("--sqlstate 53100 --path DROP_DATABASE"),
  "the role": onServers("--sqlstate 53100 --path DROP_ROLE"),
  "the secret": ["vault --status 400 --method DELETE"],
};

describe.sequential("services that refuse one step after the other", () => {
  let workspace: Workspace;
  let environment: Environment;
  let cloud: LocalCloud;
  let empty: CloudContents;
  let other: object;

  beforeAll(async () => {
    workspace = createWorkspace();
    const up = await workspace.tenantry(["up", "--platform", OTHER]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    environment = await enterCloud(workspace);
    cloud = openLocalCloud({ root: workspace.root, home: join(workspace.root, ".tenantry/local") });
    empty = await readCloudContents(environment);
    other = await readFootprint(environment, OTHER);
  });
  afterAll(() => workspace.dispose());
  afterEach(() => cloud.clearFaults());

  async function failWith(faults: readonly string[], args: readonly string[]): Promise<CommandResult> {
    for (const line of faults) {
      const words = line.split(" ").map((word) => word.replaceAll("_", " "));
      await cloud.addFault(parseFault(words) as Parameters<LocalCloud["addFault"]>[0]);
    }
    const result = await workspace.tenantry(args);
    const struck = (await cloud.faults()).reduce((sum, each) => sum + each.struck, 0);
    await cloud.clearFaults();
    expect({ code: result.code, isStruck: struck > 0 }, result.stdout + result.stderr).toEqual({
      code: 1,
      isStruck: true,
    });
    return result;
  }
  const lives = () =>
    query(
      environment.master.url,
      "SELECT id, status FROM identity.tenant WHERE slug = 'acme' ORDER BY provisioning_at",
    );
  const contents = async () => tenantContents(empty, await readCloudContents(environment));

  test.each(Object.entries(FAILING_CREATES))(
    "a first provisioning that stopped at %s is undone by another process days later, with all that this record made",
    async (_, faults) => {
      await failWith(faults, ["up", "acme"]);
      const [stopped] = await lives();
      expect(stopped?.status).toBe("provisioning");
      await query(
        environment.master.url,
        "UPDATE identity.tenant SET provisioning_at = provisioning_at - interval '3 days' WHERE slug = 'acme'",
      );
      workspace.write(BAD_MIGRATION, "SELECT 1/0;\n");
      const failed = await workspace.tenantry(["up", "acme"]);
      workspace.remove(BAD_MIGRATION);
      expect(failed.stdout).toContain("E_MIGRATIONS_FAILED");
      expect(await lives()).toEqual([{ id: stopped?.id, status: "provisioning_failed" }]);
      expect(await contents()).toEqual(contentsOf([]));
    },
  );

  test("a purge that each service stops in turn stays 'purging', leaves no record that points nowhere, and is finished (F42)", async () => {
    const up = await workspace.tenantry(["up", "acme"]);
    expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
    const deleted = await workspace.tenantry(["delete", "acme"]);
    expect(deleted, deleted.stdout + deleted.stderr).toMatchObject({ code: 0 });
    for (const [what, faults] of Object.entries(FAILING_DELETES)) {
      await failWith(faults, PURGE);
      expect((await lives()).at(-1)?.status, what).toBe("purging");
      const left = await contents();
      if (left.recordSets.includes("CNAME acme"))
        expect([left.domains, left.routes], what).toEqual([["tenant-acme"], ["tenant-acme"]]);
    }
    const done = await workspace.tenantry(PURGE);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    expect((await lives()).at(-1)?.status).toBe("purged");
    expect(await contents()).toEqual(contentsOf([]));
  });

  test("nothing of another tenant has changed", async () => {
    expect(await readFootprint(environment, OTHER)).toEqual(other);
  });
});
