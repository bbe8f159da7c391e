import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import {
  getRecord,
  isNothingWanted,
  isRegistrationProtected,
  type PlatformOutputs,
  PlatformStack,
  providerArgs,
  readEnvironmentConfig,
  referPlatform,
  refuseRecorded,
  type StackTarget,
  TenantryProvider,
  TenantStack,
  targetOfStack,
  toRunError,
} from "./program/index.ts";
import type { MigrationPlan } from "./tenant/desired.ts";
import type { EnvironmentConfig } from "./tenant/environmentConfig.ts";
import { UserError } from "./tenant/errors.ts";
import { entryPath, loadEntry } from "./tenant/load.ts";
import { readCommandFiles, readMigrationFiles } from "./tenant/migrationFiles.ts";
import type { GetRecordResult } from "./tenant/resources.ts";
import { loadTenant } from "./tenant/select.ts";

/** The folder with `tenants/`, `plans/` and `migrations/`; Pulumi's working folder is that of this file. */
const PROJECT_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Migrations of the master database: part of the product, the same in every environment. */
const MASTER_MIGRATIONS: MigrationPlan = { kind: "sql", dir: "migrations/master" };

/**
 * Pulumi's `main`: config → entry → desired tenant → resources. The stack's name decides which: `<env>` is the
 * platform, `<env>.<slug>` one tenant. Answers the stack's outputs.
 */
export default async function provision(): Promise<PlatformOutputs | TenantOutputs> {
  try {
    const target = targetOfStack(pulumi.getStack());
    const config = readEnvironmentConfig(target.environment);
    return target.kind === "platform" ? declarePlatform(config) : await declareTenant(target, config);
  } catch (error) {
    throw toRunError(error);
  }
}

/** What a tenant's stack shows; empty where nothing is wanted. Never a secret. */
interface TenantOutputs {
  readonly tenantId?: pulumi.Output<string>;
  readonly server?: pulumi.Output<string>;
  readonly host?: string;
}

function declarePlatform(config: EnvironmentConfig): PlatformOutputs {
  return new PlatformStack(config.environment, { config, masterFiles: checksumsOf(MASTER_MIGRATIONS) })
    .outputs;
}

async function declareTenant(
  { slug, environment }: Extract<StackTarget, { kind: "tenant" }>,
  config: EnvironmentConfig,
): Promise<TenantOutputs> {
  const tenant = loadEntry(PROJECT_ROOT, slug) && loadTenant(PROJECT_ROOT, slug, config);
  const platform = await referPlatform(environment);
  const provider = new TenantryProvider("tenantry", providerArgs(config, platform));
  const record = await getRecord(tenant ?? { slug }, provider);
  if (tenant === undefined) refuseRemoved(slug, config, record);
  if (tenant === undefined || isNothingWanted(tenant, record)) return {};
  refuseRecorded(tenant, record, (other) => loadEntry(PROJECT_ROOT, other) !== undefined);
  const { tenantId, server } = new TenantStack(slug, {
    tenant,
    config,
    platform,
    provider,
    migrationFiles: checksumsOf(tenant.migrations),
    isProtected: isRegistrationProtected(tenant, record),
    rotation: record.isReachable ? record.rotation : undefined,
  });
  return { tenantId, server, host: tenant.hosts[0] ?? "" };
}

/** An entry that is gone is fine only where there was never more than an attempt: what is left of that may go too. */
function refuseRemoved(slug: string, config: EnvironmentConfig, record: GetRecordResult): void {
  if (record.status === "none") loadTenant(PROJECT_ROOT, slug, config);
  if (record.isReachable && !record.wasEverActive) return;
  throw new UserError(
    "E_ENTRY_REMOVED",
    `${entryPath(slug)}: the entry is gone, but the tenant is '${record.status}' in '${config.environment}'.`,
    { hint: "Restore the file and set `status: deleted`; it can go once the tenant is purged." },
  );
}

function checksumsOf(plan: MigrationPlan): Record<string, string> {
  if (plan.kind === "command") return readCommandFiles(PROJECT_ROOT, plan.dir);
  const files = readMigrationFiles(PROJECT_ROOT, plan.dir, plan.target);
  return Object.fromEntries(files.map(({ file, checksum }) => [file, checksum]));
}
