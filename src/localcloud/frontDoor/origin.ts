import http from "node:http";
import pg from "pg";
import { sendJson } from "../jsonHttp.ts";

/** Master's URL, or undefined while the platform isn't up. */
export type ReadMasterUrl = () => Promise<string | undefined>;

const CONNECT_TIMEOUT_MS = 5_000;
const RETRY_AFTER_SECONDS = "30";
const FIND_TENANT = `SELECT t.slug, t.status FROM identity.tenant_host h JOIN identity.tenant t ON t.id = h.tenant_id WHERE h.host = $1`;

/** What a host's tenant is answered, by its state in master (PRODUCT.md, "Gate"). */
const STATUS_CODES: Readonly<Record<string, number>> = {
  active: 200,
  suspended: 403,
  provisioning: 503,
  deleting: 503,
  deleted: 503,
  purging: 503,
};

interface TenantRow {
  readonly slug: string;
  readonly status: string;
}

/** A stand-in for the tenants' application: reads master by host and answers with the slug. */
export function createOrigin(readMasterUrl: ReadMasterUrl): http.Server {
  return http.createServer((request, response) => {
    void answer(readMasterUrl, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      sendJson(response, 503, { error: { code: "MasterUnavailable", message } });
    });
  });
}

async function answer(
  readMasterUrl: ReadMasterUrl,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  const url = await readMasterUrl();
  if (url === undefined) {
    sendJson(response, 503, {
      error: {
        code: "MasterUnavailable",
        message: "The platform vault has no URL of the master database yet.",
      },
    });
    return;
  }
  const tenant = await findTenant(url, host);
  const status = STATUS_CODES[tenant?.status ?? ""];
  if (tenant === undefined || status === undefined) {
    sendJson(response, 404, {
      error: { code: "TenantNotFound", message: `No tenant answers on '${host}'.` },
    });
    return;
  }
  const headers = tenant.status === "provisioning" ? { "retry-after": RETRY_AFTER_SECONDS } : {};
  sendJson(response, status, { slug: tenant.slug, status: tenant.status }, headers);
}

/** A connection a request: nothing is kept that could go stale or keep the database from being dropped. */
async function findTenant(url: string, host: string): Promise<TenantRow | undefined> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "localcloud-origin",
  });
  await client.connect();
  try {
    const { rows } = await client.query<TenantRow>(FIND_TENANT, [host]);
    return rows[0];
  } finally {
    await client.end();
  }
}
