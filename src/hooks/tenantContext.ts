import type { Client } from "../postgres/index.ts";

/** One tenant's database, opened. */
export interface TenantContext {
  readonly slug: string;
  /** The server's admin, connected to the tenant's database: works for suspended tenants too. */
  readonly client: Client;
  /** The tenant's owner role; everything is done as it. */
  readonly role: string;
}
