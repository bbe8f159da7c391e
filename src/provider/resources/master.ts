import { join } from "node:path";
import { readLedger, readMigrationFiles } from "../../postgres/index.ts";
import { ensureMainOrganization, grantRead, migrateMaster, tellMasterGoes } from "../../registry/index.ts";
import type { MasterInputs, MasterOutputs } from "../../tenant/resources.ts";
import { explain } from "../failure.ts";
import { isUnreachable } from "../functions.ts";
import { explaining, refuseEdited } from "../migrationFiles.ts";
import { PROJECT_ROOT } from "../projectRoot.ts";
import { UNKNOWN } from "../protocol/wire.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";

const MASTER_MIGRATIONS = "migrations/master";

/** Schema `identity` in the master database, the reader's grants and the main tenant's organization. */
export const master: ResourceType<MasterInputs, MasterOutputs> = {
  name: "Master",
  immutable: ["ownerRole", "readRole"],
  idOf: (_, config) => `${config.environment}/master`,
  check: (news, olds) => refuseEdited(MASTER_MIGRATIONS, news.files, olds?.files),
  predict: async (news, known) => ({ ...news, mainTenantId: known?.outputs.mainTenantId ?? UNKNOWN }),
  create: bringUpToDate,
  update: (_, news, run) => bringUpToDate(news, run),
  read: ({ inputs }, run) =>
    run.access.withMaster(async (client) => {
      const ledger = await readLedger(client);
      if (ledger.length === 0) return undefined;
      const { rows } = await client.query("SELECT id, slug, name FROM identity.organization WHERE is_main");
      const [main] = rows;
      const files = Object.fromEntries(ledger.map(({ name, checksum }) => [name, checksum]));
      const mainTenant = { slug: main?.slug ?? "", displayName: main?.name ?? "" };
      const real = { ...(inputs as MasterInputs), files, mainTenant };
      return { inputs: real, outputs: { ...real, mainTenantId: main?.id ?? "" } };
    }),
  // The database that holds it goes next, so nobody of ours may be in it; PlatformGuard went before.
  delete: async (_, run) => {
    await sendGatesAway(run);
    await run.access.release();
  },
};

/** A gate keeps a session in master. Where master can't be reached there is none. */
async function sendGatesAway(run: Run): Promise<void> {
  try {
    await run.access.withMaster(tellMasterGoes);
  } catch (error) {
    if (!isUnreachable(explain(error))) throw error;
  }
}

async function bringUpToDate(inputs: MasterInputs, run: Run): Promise<MasterOutputs> {
  const plan = { kind: "sql", dir: MASTER_MIGRATIONS } as const;
  const mainTenantId = await explaining(plan, inputs.mainTenant.slug, async () => {
    const files = await readMigrationFiles(join(PROJECT_ROOT, MASTER_MIGRATIONS));
    return run.access.withMaster(async (client) => {
      await migrateMaster(client, files);
      run.point("migrated");
      await grantRead(client, inputs.readRole);
      run.point("granted");
      return ensureMainOrganization(client, inputs.mainTenant);
    });
  });
  run.point("organization");
  return { ...inputs, mainTenantId };
}
