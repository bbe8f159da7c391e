import {
  type LedgerRow,
  lastMigration,
  type MigrateOptions,
  type MigrationFile,
  migrate,
  pendingMigrations,
  selectLedger,
} from "../postgres/index.ts";
import { explainMigration } from "./explainMigration.ts";
import type { Hook } from "./hook.ts";
import { inOwnTables } from "./ownTables.ts";
import type { TenantContext } from "./tenantContext.ts";

export interface SqlMigrationInputs {
  readonly slug: string;
  /** As the config says it, for messages. */
  readonly dir: string;
  /** Every file of the folder, also those above the target. */
  readonly files: readonly MigrationFile[];
  readonly target?: string;
}

export interface MigrationsOutcome {
  /** Names of the files that this call applied. */
  readonly applied: readonly string[];
  /** Version of the last applied one; empty for none. */
  readonly lastMigration: string;
}

/**
 * Numbered SQL files, each in a transaction with its row in the ledger, run as the tenant's role. Throws
 * `E_MIGRATIONS_FAILED`, `E_CHECKSUM_CHANGED`, `E_MIGRATION_REMOVED`, `E_LOCKED`.
 */
export function sqlMigrationsHook(
  options: Omit<MigrateOptions, "role" | "target"> = {},
): Hook<TenantContext, SqlMigrationInputs, readonly LedgerRow[], readonly string[], MigrationsOutcome> {
  return {
    name: "migrations",
    observe: (context) =>
      inOwnTables(context, ["migration"], "read", () => selectLedger(context.client), { isReadOnly: true }),
    plan: planNames,
    apply: (context, inputs) => apply(context, inputs, options),
    remove: async () => undefined,
  };
}

/** Names of the files still to run. */
function planNames(inputs: SqlMigrationInputs, ledger: readonly LedgerRow[]): readonly string[] {
  try {
    return pendingMigrations(inputs.files, ledger, inputs.target).map((file) => file.fileName);
  } catch (error) {
    throw explainMigration(error, inputs);
  }
}

async function apply(
  { client, role }: TenantContext,
  inputs: SqlMigrationInputs,
  options: MigrateOptions,
): Promise<MigrationsOutcome> {
  const target = inputs.target === undefined ? {} : { target: inputs.target };
  try {
    const { applied, ledger } = await migrate(client, inputs.files, { ...options, ...target, role });
    return { applied: applied.map((file) => file.fileName), lastMigration: lastMigration(ledger) };
  } catch (error) {
    throw explainMigration(error, inputs);
  }
}
