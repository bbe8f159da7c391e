import { withProvenLogin } from "../../access/index.ts";
import { commandMigrationsHook, loadMigrations, sqlMigrationsHook } from "../../hooks/index.ts";
import { type Client, type LedgerRow, lastMigration, withStandIn } from "../../postgres/index.ts";
import { appendAudit } from "../../registry/index.ts";
import { commandEnvironment } from "../../tenant/commandEnvironment.ts";
import type { MigrationPlan } from "../../tenant/desired.ts";
import type { MigrationsInputs, MigrationsOutputs } from "../../tenant/resources.ts";
import { markerFor } from "../markerFor.ts";
import { dirOf, type FileMap, refuseEdited } from "../migrationFiles.ts";
import { markPhase } from "../phases.ts";
import { PROJECT_ROOT } from "../projectRoot.ts";
import { isKnown, UNKNOWN } from "../protocol/wire.ts";
import { requireRecord } from "../records.ts";
import type { Known, Previewed, Refusal, ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { lookInTenantDatabase } from "../tenantDatabase.ts";

/** The tenant's schema at the newest migration; first of all the vault's value is proven by a login. */
export const migrations: ResourceType<MigrationsInputs, MigrationsOutputs> = {
  name: "Migrations",
  phase: "migrations_applied",
  immutable: ["database", "role", "secretName", "stack", "slug"],
  idOf: ({ stack }) => `${stack}/migrations`,
  check: refuseEditedFiles,
  predict: async (news, known) => ({ ...news, lastMigration: predictLast(news, known) }),
  create: async (inputs, run) => {
    const { last } = await bringUpToDate(inputs, run);
    await markPhase(run, inputs.tenantId, "migrations_applied");
    return { ...inputs, lastMigration: last };
  },
  update: async (_, news, run) => {
    const { applied, last } = await bringUpToDate(news, run);
    if (applied.length > 0) await noteMigrated(news, applied, run);
    return { ...news, lastMigration: last };
  },
  read: async ({ inputs, outputs }, run) => {
    const wanted = inputs as MigrationsInputs;
    const ledger = await lookInTenantDatabase(wanted, run, (context) => sqlMigrationsHook().observe(context));
    if (ledger === undefined) return undefined;
    if (wanted.migrations.kind === "command") {
      return { inputs: wanted, outputs: { ...wanted, lastMigration: outputs.lastMigration ?? "" } };
    }
    const real = { ...wanted, files: filesOf(ledger) };
    return { inputs: real, outputs: { ...real, lastMigration: lastMigration(ledger) } };
  },
  delete: async () => undefined,
};

interface Outcome {
  readonly applied: readonly string[];
  readonly last: string;
}

async function bringUpToDate(inputs: MigrationsInputs, run: Run): Promise<Outcome> {
  const { migrations: plan } = inputs;
  const outcome = await (plan.kind === "sql" ? applySql(inputs, plan, run) : applyCommand(inputs, plan, run));
  run.point("applied");
  return outcome;
}

async function applyCommand(
  inputs: MigrationsInputs,
  plan: Extract<MigrationPlan, { kind: "command" }>,
  run: Run,
): Promise<Outcome> {
  if (inputs.status !== "active") {
    await run.warn(`\`${plan.run}\` waits until tenant '${inputs.slug}' is active: its role may not log in.`);
    return { applied: [], last: "" };
  }
  const url = await withProvenLogin(inputs, run.access, async (_, proven) => proven);
  run.point("secret proven");
  await run.access.withDatabase(inputs, (client) =>
    commandMigrationsHook.apply(
      {
        slug: inputs.slug,
        client,
        url,
        directory: PROJECT_ROOT,
        environment: commandEnvironment(process.env),
      },
      plan,
    ),
  );
  return { applied: [plan.run], last: "" };
}

async function applySql(
  inputs: MigrationsInputs,
  plan: Extract<MigrationPlan, { kind: "sql" }>,
  run: Run,
): Promise<Outcome> {
  const { slug, role } = inputs;
  const files = await loadMigrations(plan, PROJECT_ROOT, slug);
  const hook = sqlMigrationsHook({ onFile: (file, moment) => run.point(`${moment} ${file.fileName}`) });
  const target = plan.target === undefined ? {} : { target: plan.target };
  const apply = (client: Client) =>
    hook.apply({ slug, client, role }, { slug, dir: plan.dir, files, ...target });
  // As the tenant itself: in a session of the admin a tenant's trigger could RESET ROLE and be the admin.
  const proven = (client: Client) => {
    run.point("secret proven");
    return apply(client);
  };
  const outcome = await (inputs.status === "active"
    ? withProvenLogin(inputs, run.access, proven)
    : run.access.withAdmin(inputs.server, (admin) =>
        withStandIn(admin, { ...inputs, marker: markerFor(inputs) }, apply),
      ));
  return { applied: outcome.applied, last: outcome.lastMigration };
}

async function noteMigrated(inputs: MigrationsInputs, applied: readonly string[], run: Run): Promise<void> {
  await markPhase(run, inputs.tenantId, "migrations_applied");
  await run.access.withMaster(async (client) => {
    const { activeAt } = await requireRecord(client, inputs.tenantId);
    if (activeAt === null) return;
    await appendAudit(client, inputs, "TENANT_MIGRATED", await run.audited(), { applied });
  });
}

function refuseEditedFiles(
  news: Previewed<MigrationsInputs>,
  olds: MigrationsInputs | undefined,
): readonly Refusal[] {
  if (!isKnown(news.migrations)) return [];
  const plan = news.migrations as MigrationPlan;
  // A team that changes over to a command takes its SQL files away.
  return plan.kind === "command" ? [] : refuseEdited(dirOf(plan), news.files, olds?.files);
}

function predictLast(
  news: Previewed<MigrationsInputs>,
  known: Known<MigrationsInputs, MigrationsOutputs> | undefined,
): string | typeof UNKNOWN {
  if (!isKnown(news.files)) return UNKNOWN;
  const names = Object.keys(news.files as FileMap).sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  return names.at(-1)?.split("_", 1)[0] ?? known?.outputs.lastMigration ?? "";
}

/** Only what is known to have ended; a file that started and didn't end is pending. */
function filesOf(ledger: readonly LedgerRow[]): FileMap {
  const done = ledger.filter(({ appliedAt }) => appliedAt !== undefined);
  return Object.fromEntries(done.map(({ name, checksum }) => [name, checksum]));
}
