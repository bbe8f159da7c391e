import { serverVersion } from "./connect.ts";
import { admitAdmin, closeToPublic } from "./database.ts";
import { ident } from "./quote.ts";
import type { ServerAdmin } from "./serverAdmin.ts";

/**
 * A new UTF-8 database, closed to PUBLIC and open to the admin. From template0, so that neither the machine's locale nor
 * what somebody left in template1 comes along (F21). Owner is the admin unless a role is named.
 */
export async function createEmptyDatabase(admin: ServerAdmin, name: string, owner?: string): Promise<void> {
  const hasBuiltin = (await serverVersion(admin.client)) >= 170_000;
  const locale = hasBuiltin ? "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'" : "LOCALE 'C'";
  const ownedBy = owner === undefined ? "" : ` OWNER ${ident(owner)}`;
  await admin.client.query(
    `CREATE DATABASE ${ident(name)}${ownedBy} TEMPLATE template0 ENCODING 'UTF8' ${locale}`,
  );
  await closeToPublic(admin.client, name);
  await admitAdmin(admin.client, name);
}
