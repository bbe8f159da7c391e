import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { TenantContext } from "../../src/hooks/index.ts";
import { ensureTenantTemplate } from "../../src/hooks/index.ts";
import {
  type Client,
  close,
  connect,
  ensureTenantDatabase,
  type MigrationFile,
  OWN_TABLES,
  type ServerAdmin,
  type TenantDatabase,
  withDatabase,
} from "../../src/postgres/index.ts";
import { closeAdmin, makeRole, newTenant, openAdmin } from "../postgres/support.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";

/** A server with a template of schema `tenantry` and the given migrations. */
export interface HookServer {
  readonly server: TestPostgres;
  readonly admin: ServerAdmin;
  readonly root: ServerAdmin;
  provision(slug: string): Promise<TenantDatabase>;
  /** What a hook gets, on a connection of its own. */
  open(tenant: TenantDatabase): Promise<TenantContext>;
  stop(): Promise<void>;
}

export async function startHookServer(files: readonly MigrationFile[] = []): Promise<HookServer> {
  const server = await startTestPostgres();
  const admin = await openAdmin(server.adminUrl);
  const root = await openAdmin(server.superuserUrl);
  const template = await ensureTenantTemplate(admin, files);
  return {
    server,
    admin,
    root,
    provision: async (slug) => {
      const tenant = newTenant(slug);
      await makeRole(admin.client, tenant);
      await ensureTenantDatabase(admin, tenant, { template });
      return tenant;
    },
    open: async ({ database, role, marker }) => {
      const url = withDatabase(server.adminUrl, database);
      return {
        slug: marker.slug,
        role,
        client: await connect(url, { applicationName: "hook", retryBudgetMs: 0 }),
      };
    },
    stop: async () => {
      await closeAdmin(admin);
      await closeAdmin(root);
      await server.stop();
    },
  };
}

/** Runs `body` on ten contexts at once. */
export async function tenTimes<T>(
  open: () => Promise<TenantContext>,
  body: (context: TenantContext) => Promise<T>,
): Promise<readonly T[]> {
  const contexts = await Promise.all(Array.from({ length: 10 }, open));
  const results = await Promise.all(contexts.map(body));
  await Promise.all(contexts.map(({ client }) => close(client)));
  return results;
}

/** Every row of schema tenantry with its version: equal before and after means that nothing was written. */
export async function everyRow(client: Client): Promise<string> {
  const tables: unknown[] = [];
  for (const table of OWN_TABLES) {
    const { rows } = await client.query(
      `SELECT xmin::text, to_jsonb(t)::text AS row FROM tenantry.${table} t ORDER BY 2`,
    );
    tables.push(rows);
  }
  return JSON.stringify(tables);
}

/** A Node process that runs this module, which may import TypeScript from the project's root, to be killed. */
export function spawnScript(script: string, environment: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, ["--import=tsx", "--input-type=module", "--eval", script], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Kills it with SIGKILL and waits until it is gone. */
export function killHard(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** Waits until a session waits for a lock. */
export async function untilBlocked(root: Client, applicationName: string): Promise<void> {
  for (;;) {
    const { rows } = await root.query(
      "SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'",
      [applicationName],
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const anId = randomUUID;
