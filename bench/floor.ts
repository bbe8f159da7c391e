import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { openVault } from "../src/vault/index.ts";
import type { Workspace } from "../test/support/workspace.ts";

/** What the raw scripts and the bench itself connect with. */
export interface Floor {
  /** Variables of the raw scripts: `FLOOR_ADMIN_URL`, `FLOOR_MASTER_URL`, `FLOOR_TEMPLATE`. */
  readonly variables: NodeJS.ProcessEnv;
  /** Server `db-01` as its superuser, who alone may ask for a checkpoint. */
  readonly superuserUrl: string;
}

/** Addresses of a workspace's server `db-01`, where one tenant is: its template is the floor's too. */
export async function openFloor(target: Workspace): Promise<Floor> {
  const { stdout } = await target.tenantry(["local", "env", "--json"]);
  const local = JSON.parse(stdout);
  const azure = {
    NODE_EXTRA_CA_CERTS: local.ca,
    IDENTITY_ENDPOINT: local.identity.endpoint,
    IDENTITY_HEADER: local.identity.header,
  };
  Object.assign(process.env, azure);
  const adminUrl = await openVault(local.platformVault.url).get("server-db-01-admin");
  for (const name of Object.keys(azure)) delete process.env[name];
  if (adminUrl === undefined) throw new Error("the platform's vault has no admin of db-01");
  const [template] = await query(
    adminUrl,
    "SELECT datname FROM pg_database WHERE datistemplate AND datname LIKE 'tmpl_tenantry_%'",
  );
  const superuser = new URL(adminUrl);
  superuser.username = "azuresu";
  superuser.password = readFileSync(join(local.home, "keys/azuresu.password")).toString("base64url");
  return {
    variables: {
      ...process.env,
      FLOOR_ADMIN_URL: adminUrl,
      FLOOR_MASTER_URL: local.master.url,
      FLOOR_TEMPLATE: String(template?.datname),
    },
    superuserUrl: superuser.href,
  };
}

/** Rows of one statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
