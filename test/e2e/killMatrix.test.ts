import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CloudContents,
  contentsOf,
  enterCloud,
  readCloudContents,
  readLockFiles,
  readStacks,
  readTenantDatabase,
  tenantContents,
} from "../support/cloudContents.ts";
import {
  type Cut,
  distinctMoments,
  enumeratePoints,
  isState,
  runDriver,
  walkSideBySide,
} from "../support/killPoints.ts";
import { type Environment, query } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** Processes that walk at once: one more than two cores, for each waits for the disk now and then. */
const WIDTH = 3;
const MINUTE_MS = 60_000;
/** Two free cores take a minute or two for the longest of them; a busy machine may take its time. */
const WALK_MS = 45 * MINUTE_MS;
/** Lists the program's own points; never killed. */
const MODEL = "model";
const ADDED_MIGRATION = "migrations/tenant/0004_kill_matrix.sql";

type Status = "active" | "suspended" | "deleted";

let workspace: Workspace;
let cloud: Environment;
/** What the platform and a tenant that isn't killed have made. */
let others: CloudContents;
const points: Record<"create" | "update" | "retire" | "purge", readonly string[]> = {
  create: [],
  update: [],
  retire: [],
  purge: [],
};
let slugs: readonly string[] = [];

const up = (slug: string) => ["up", slug, "--json"];
const purge = (slug: string) => ["destroy", slug, "--purge", "--confirm", slug, "--json"];

beforeAll(async () => {
  workspace = createWorkspace();
  for (const name of readdirSync(join(workspace.root, "tenants"))) workspace.remove(`tenants/${name}`);
  await succeed(["up", "--platform"]);
  cloud = await enterCloud(workspace);
  // The template is built by the first tenant; the points are those of every later one.
  writeEntry("first", "active");
  await succeed(up("first"));
  others = await readCloudContents(cloud);
  await enumerateModel();
  workspace.remove("tenants/first.yaml");
  slugs = Array.from({ length: distinctMoments(points.create).length }, (_, index) => `kill-${index + 1}`);
}, 5 * MINUTE_MS);

afterAll(async () => {
  await workspace?.dispose();
});

describe.sequential("kill -9 at every point, then the same command again (F1, F2, F40)", () => {
  test("the program's own list: every named point and every state write is among those that are walked", () => {
    for (const [command, all] of Object.entries(points)) {
      const moments = distinctMoments(all);
      const named = all.filter((point) => !isState(point));
      console.log(
        `${command}: ${all.length} points, ${named.length} of resources; ${moments.length} moments, ` +
          `the other ${all.length - moments.length} (state writes) are the same moment as their neighbour`,
      );
      expect(moments.filter((point) => !isState(point)).map((point) => point.replace(/#\d+$/, ""))).toEqual(
        named,
      );
    }
    // The 16 resources of a tenant, before and after.
    expect(points.create.filter((point) => point.startsWith("create:")).length).toBe(32);
  });

  test("a first `up`", { timeout: WALK_MS }, async () => {
    expect(await walk("create", slugs, up, "active")).toEqual([]);
    expect(await leftBehind()).toEqual(contentsOf(slugs));
    expect(await records()).toEqual(slugs.map((slug) => recordOf(slug, "active")));
    expect(await unequalDatabases(slugs, ["0001", "0002", "0003"])).toEqual([]);
    expect(await audited("TENANT_PROVISIONED")).toEqual(slugs.map((slug) => ({ slug, times: 1 })));
    await expectSettled(slugs, "active");
  });

  test("an update that suspends, renames, changes the plan and adds a migration", {
    timeout: 10 * MINUTE_MS,
  }, async () => {
    workspace.write(ADDED_MIGRATION, ADDED_SQL);
    const updated = slugs.slice(0, distinctMoments(points.update).length);
    expect(await walk("update", updated, up, "suspended")).toEqual([]);
    expect(await leftBehind()).toEqual(contentsOf(slugs));
    expect((await records()).filter(({ slug }) => updated.includes(String(slug)))).toEqual(
      updated.map((slug) => recordOf(slug, "suspended")),
    );
    await expectSettled(updated, "suspended");
  });

  test("`status: deleted`, which takes the final backup", { timeout: WALK_MS }, async () => {
    const retired = slugs.slice(-distinctMoments(points.retire).length);
    expect(await walk("retire", retired, up, "deleted")).toEqual([]);
    expect(await leftBehind()).toEqual(contentsOf(slugs));
    expect((await records()).filter(({ slug }) => retired.includes(String(slug)))).toEqual(
      retired.map((slug) => recordOf(slug, "deleted")),
    );
    expect(await unequalBackups(retired)).toEqual([]);
    await expectSettled(retired, "deleted");
  });

  test("the purge of a deleted tenant", { timeout: WALK_MS }, async () => {
    const purged = slugs.slice(-distinctMoments(points.purge).length);
    await inBatches(purged, "deleted", (batch) => ["up", ...batch]);
    expect(await walk("purge", purged, purge, "deleted")).toEqual([]);
    const rest = slugs.filter((slug) => !purged.includes(slug));
    expect(await leftBehind()).toEqual(contentsOf(rest));
    expect(await tombstones()).toEqual(purged.toSorted().map((slug) => ({ ...TOMBSTONE, slug })));
    expect(
      readStacks(cloud).filter(
        ({ stack, resources }) => purged.includes(stack.slice(6)) && resources.length > 0,
      ),
    ).toEqual([]);
    expect(await unequalBackups(purged)).toEqual([]);
  });
});

const ADDED_SQL = "CREATE TABLE app.kill_matrix (id integer PRIMARY KEY);\n";

async function enumerateModel(): Promise<void> {
  writeEntry(MODEL, "active");
  points.create = await enumeratePoints(workspace, MODEL, up(MODEL));
  workspace.write(ADDED_MIGRATION, ADDED_SQL);
  writeEntry(MODEL, "suspended");
  points.update = await enumeratePoints(workspace, MODEL, up(MODEL));
  writeEntry(MODEL, "deleted");
  points.retire = await enumeratePoints(workspace, MODEL, up(MODEL));
  points.purge = await enumeratePoints(workspace, MODEL, purge(MODEL));
  workspace.remove(ADDED_MIGRATION);
  workspace.remove(`tenants/${MODEL}.yaml`);
}

function walk(
  command: keyof typeof points,
  subjects: readonly string[],
  argvOf: (slug: string) => readonly string[],
  status: Status,
): Promise<string[]> {
  const cuts = distinctMoments(points[command]).map(
    (point, index): Cut => ({ point, slug: subjects[index] ?? "" }),
  );
  return walkSideBySide(workspace, cuts, argvOf, (slug) => writeEntry(slug, status), WIDTH);
}

function writeEntry(slug: string, status: Status): void {
  const isChanged = status !== "active";
  workspace.write(
    `tenants/${slug}.yaml`,
    [
      `displayName: ${slug} ${isChanged ? "renamed" : "as it was"}`,
      `adminEmail: admin@${slug}.example`,
      "environments: [local]",
      `plan: ${isChanged ? "enterprise" : "standard"}`,
      `status: ${status}`,
      ...(status === "suspended" ? ["suspendReason: unpaid"] : []),
      "",
    ].join("\n"),
  );
}

async function succeed(argv: readonly string[]): Promise<void> {
  const run = await workspace.tenantry(argv);
  expect(run, `${argv.join(" ")}\n${run.stdout}${run.stderr}`).toMatchObject({ code: 0 });
}

/** One command line for many tenants, on every core. */
async function inBatches(
  subjects: readonly string[],
  status: Status,
  argvOf: (batch: readonly string[]) => readonly string[],
): Promise<void> {
  const batches = Array.from({ length: WIDTH }, (_, part) =>
    subjects.filter((__, index) => index % WIDTH === part),
  );
  for (const slug of subjects) writeEntry(slug, status);
  const runs = await Promise.all(batches.map((batch) => runDriver(workspace, [{ argv: argvOf(batch) }])));
  for (const slug of subjects) workspace.remove(`tenants/${slug}.yaml`);
  for (const { answers, stderr } of runs) expect(answers, stderr).toMatchObject([{ code: 0 }]);
}

/** No operation left in a state, no lock left, and a further run would change nothing. */
async function expectSettled(subjects: readonly string[], status: Status): Promise<void> {
  expect(readStacks(cloud).filter(({ pending, doubled }) => pending > 0 || doubled.length > 0)).toEqual([]);
  expect(readLockFiles(cloud)).toEqual([]);
  await inBatches(subjects, status, (batch) => ["preview", ...batch, "--exit-code"]);
}

/** Everything in the cloud beyond what was there before. */
const leftBehind = async (): Promise<CloudContents> => tenantContents(others, await readCloudContents(cloud));

interface TenantRecord {
  readonly slug: string;
  readonly status: string;
  readonly hosts: number;
  readonly organizations: number;
  readonly invitations: number;
  readonly phases: number;
}

function recordOf(slug: string, status: Status): TenantRecord {
  return { slug, status, hosts: 1, organizations: 1, invitations: 1, phases: 8 };
}

/** Records of the tenants that are killed, in the order of their numbers. */
function records(): Promise<Record<string, unknown>[]> {
  return query(
    cloud.master.url,
    `SELECT slug, status,
       (SELECT count(*)::int FROM identity.tenant_host h WHERE h.tenant_id = t.id) AS hosts,
       (SELECT count(*)::int FROM identity.organization o WHERE o.id = t.id) AS organizations,
       (SELECT count(*)::int FROM identity.outbox o WHERE o.tenant_id = t.id AND released_at IS NOT NULL
          AND revoked_at IS NULL) AS invitations,
       (SELECT count(DISTINCT phase)::int FROM identity.tenant_phase p WHERE p.tenant_id = t.id) AS phases
     FROM identity.tenant t WHERE slug LIKE 'kill-%' ORDER BY substring(slug FROM 6)::int`,
  );
}

function audited(event: string): Promise<object[]> {
  return query(
    cloud.master.url,
    `SELECT slug, count(*)::int AS times FROM identity.tenant_audit
      WHERE event_type = $1 AND slug LIKE 'kill-%' GROUP BY slug ORDER BY substring(slug FROM 6)::int`,
    [event],
  );
}

/** Tenants whose database isn't as one that was never killed. */
async function unequalDatabases(
  subjects: readonly string[],
  migrations: readonly string[],
): Promise<object[]> {
  const unequal: object[] = [];
  for (const slug of subjects) {
    const found = await readTenantDatabase(cloud, slug);
    const owner = `tenant_${slug.replaceAll("-", "_")}_owner`;
    const expected = { owner, admins: 1, invitations: 1, migrations };
    if (JSON.stringify(found) !== JSON.stringify(expected)) unequal.push({ slug, ...found });
  }
  return unequal;
}

const TOMBSTONE = { status: "purged", rows: 1, hosts: 0 };

function tombstones(): Promise<object[]> {
  return query(
    cloud.master.url,
    `SELECT status, count(*) OVER (PARTITION BY slug)::int AS rows,
       (SELECT count(*)::int FROM identity.tenant_host h WHERE h.tenant_id = t.id) AS hosts, slug
     FROM identity.tenant t WHERE slug LIKE 'kill-%' AND status = 'purged' ORDER BY slug`,
  );
}

/** Tenants that haven't exactly one verified final backup and its one file. */
async function unequalBackups(subjects: readonly string[]): Promise<object[]> {
  const rows = await query(
    cloud.master.url,
    `SELECT slug, count(b.id)::int AS count FROM identity.tenant t JOIN identity.backup b ON b.tenant_id = t.id
      WHERE b.kind = 'final' AND b.verified_at IS NOT NULL GROUP BY slug`,
  );
  return subjects.flatMap((slug) => {
    const folder = join(workspace.root, ".tenantry/backups", slug);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const count = rows.find((row) => row.slug === slug)?.count ?? 0;
    return count === 1 && files.length === 1 ? [] : [{ slug, rows: count, files }];
  });
}
