import type { AdminSession } from "../../access/index.ts";
import { ensureTenantTemplate } from "../../hooks/index.ts";
import {
  type Client,
  type DatabaseState,
  dropRole,
  dropStandIn,
  ensureRole,
  ensureTenantDatabase,
  observeDatabase,
  observeRole,
  ownershipOf,
  type RoleState,
  scramVerifier,
  setTenantAccess,
  type TenantDatabase,
  tenantLockKey,
  withAdvisoryLock,
} from "../../postgres/index.ts";
import type { DesiredStatus } from "../../tenant/desired.ts";
import { UserError } from "../../tenant/errors.ts";
import type { DatabaseInputs, DatabaseOutputs } from "../../tenant/resources.ts";
import { withCopyStrategy } from "../copyStrategy.ts";
import { assertMayDelete } from "../deleteLock.ts";
import { markerFor } from "../markerFor.ts";
import { explaining, templateFiles } from "../migrationFiles.ts";
import { markPhase } from "../phases.ts";
import { removeDatabase } from "../removeDatabase.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

/** How long another run's work on the same tenant is waited for: a create that outlived its engine ends by itself. */
const LOCK_WAIT_MS = 60_000;

/** What `read` answers as status of a database that somebody changed, with what; an update puts it right. */
const ALTERED = "altered by hand";

/** The tenant's role and database on its server. */
export const database: ResourceType<DatabaseInputs, DatabaseOutputs> = {
  name: "Database",
  phase: "database_created",
  secretInputs: ["password"],
  immutable: ["database", "role", "stack", "slug"],
  ignored: ["migrations"],
  idOf: ({ stack, database: name }) => `${stack}/database/${name}`,
  predict: async (news) => withoutPassword(news as DatabaseInputs),
  create: async (inputs, run) => {
    const files = await templateFiles(inputs.migrations, inputs.slug);
    const verifier = await scramVerifier(inputs.password);
    await underTenantLock(inputs, run, async (admin) => {
      const findTemplate = () =>
        explaining(inputs.migrations, inputs.slug, () => ensureTenantTemplate(admin, files));
      // Before anything of the tenant is made: a migration that fails, fails here.
      let found: string | undefined = await findTemplate();
      const template = async () => {
        const name = found ?? (await findTemplate());
        found = undefined;
        return name;
      };
      run.point("template");
      await ensureRole(admin.client, { ...roleOf(inputs), verifier });
      run.point("role");
      await withCopyStrategy(admin.url, (strategy) =>
        ensureTenantDatabase(admin, databaseOf(inputs), { template, strategy, onStep: run.point }),
      );
      run.point("database");
      await setTenantAccess(admin.client, databaseOf(inputs), isOpen(inputs));
      run.point("grants");
    });
    await markPhase(run, inputs.tenantId, "database_created");
    return withoutPassword(inputs);
  },
  update: async (_, news, run) => {
    const verifier = await scramVerifier(news.password);
    await underTenantLock(news, run, async (admin) => {
      await assertWhole(admin.client, news);
      await ensureRole(admin.client, { ...roleOf(news), verifier });
      run.point("role");
      // It is there, so it is only put right: no template is needed.
      await ensureTenantDatabase(admin, databaseOf(news), { template: "" });
      await setTenantAccess(admin.client, databaseOf(news), isOpen(news));
      run.point("grants");
    });
    return withoutPassword(news);
  },
  read: ({ inputs }, run) => readDatabase(inputs as DatabaseInputs, run),
  delete: async ({ outputs }, run) => {
    await assertMayDelete(run, outputs, `database '${outputs.database}'`);
    await underTenantLock(outputs, run, async (admin) => {
      run.point("before drop");
      await removeDatabase(admin, outputs, run);
      run.point("database dropped");
      await dropStandIn(admin, { role: outputs.role, marker: markerFor(outputs) });
      await dropRole(admin.client, admin.url, outputs.role, markerFor(outputs), admin.options);
      run.point("role dropped");
    });
  },
};

/** Runs `body` as the server's admin while no other run works on this tenant's database. */
async function underTenantLock(
  place: { readonly server: string; readonly slug: string },
  run: Run,
  body: (admin: AdminSession) => Promise<void>,
): Promise<void> {
  await run.access.withAdmin(place.server, (admin) =>
    withAdvisoryLock(admin.client, tenantLockKey(place.slug), () => body(admin), { waitMs: LOCK_WAIT_MS }),
  );
}

async function readDatabase(inputs: DatabaseInputs, run: Run) {
  const status = await run.access.withAdmin(inputs.server, ({ client }) => observeStatus(client, inputs));
  if (status === undefined) return undefined;
  const real = { ...inputs, status: status as DesiredStatus };
  return { inputs: real, outputs: withoutPassword(real) };
}

/** The status that the catalog shows; undefined when database or role isn't there or isn't ours. */
async function observeStatus(client: Client, inputs: DatabaseInputs): Promise<string | undefined> {
  const marker = markerFor(inputs);
  const found = await observeDatabase(client, inputs.database);
  if (found === undefined || ownershipOf(found.comment, marker) !== "ours") return undefined;
  const role = await observeRole(client, inputs.role);
  const canConnect = found.connectGrantees.includes(inputs.role);
  const isOurs = role !== undefined && ownershipOf(role.comment, marker) === "ours";
  const changes = isOurs
    ? [...changesOf(found, inputs.role), ...roleChanges(role, canConnect)]
    : [`role ${inputs.role} is not there as ours`];
  if (changes.length > 0) return `${ALTERED} (${changes.join(", ")})`;
  if (canConnect) return "active";
  return inputs.status === "active" ? "suspended" : inputs.status;
}

/** What differs from how a tenant's database is left, in words. */
function changesOf(found: DatabaseState, role: string): readonly string[] {
  return [
    ...(found.isInvalid ? ["it is half dropped"] : []),
    ...(found.allowsConnections ? [] : ["it takes no connections"]),
    ...(found.isOpenToPublic ? ["every role may connect"] : []),
    ...(found.owner === role ? [] : [`its owner is ${found.owner}`]),
    ...(found.connectionLimit === -1 || found.isInvalid
      ? []
      : [`its connection limit is ${found.connectionLimit}`]),
  ];
}

/** A role that may neither log in nor connect is a suspended one, and nothing else. */
function roleChanges({ name, isPrivileged, canLogin }: RoleState, canConnect: boolean): readonly string[] {
  return [
    ...(isPrivileged ? [`role ${name} has more rights`] : []),
    ...(canConnect && !canLogin ? [`role ${name} may not log in`] : []),
    ...(canLogin && !canConnect ? [`role ${name} may not connect`] : []),
  ];
}

/** An update never makes a database: an empty one in the place of a lost one would pass for the tenant's data. */
async function assertWhole(client: Client, inputs: DatabaseInputs): Promise<void> {
  const found = await observeDatabase(client, inputs.database);
  if (found !== undefined && !found.isInvalid) return;
  const state = found === undefined ? "is not there" : "is half dropped";
  throw new UserError(
    "E_PARTIAL_STATE",
    `server '${inputs.server}': database '${inputs.database}' of tenant '${inputs.slug}' ${state}; expected it with its data.`,
    {
      hint: "Bring it back from a backup. `pulumi refresh` accepts the loss; the next `up` then makes an empty one.",
    },
  );
}

function roleOf(inputs: DatabaseInputs) {
  return { name: inputs.role, marker: markerFor(inputs), canLogin: isOpen(inputs) };
}

function databaseOf(inputs: DatabaseOutputs): TenantDatabase {
  return { database: inputs.database, role: inputs.role, marker: markerFor(inputs) };
}

function isOpen({ status }: { readonly status: DesiredStatus }): boolean {
  return status === "active";
}

function withoutPassword(inputs: DatabaseInputs | DatabaseOutputs): DatabaseOutputs {
  const { stack, slug, tenantId, server, database: name, role, status, migrations } = inputs;
  return { stack, slug, tenantId, server, database: name, role, status, migrations };
}
