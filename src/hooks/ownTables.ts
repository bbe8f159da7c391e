import {
  type OwnTable,
  TamperedSchemaError,
  type TransactionOptions,
  withOwnTables,
} from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { TenantContext } from "./tenantContext.ts";

/** `withOwnTables` in a tenant's database. Throws `E_PARTIAL_STATE` for tables that are no longer as we made them. */
export async function inOwnTables<T>(
  { client, slug }: TenantContext,
  tables: readonly OwnTable[],
  use: "read" | "write",
  body: () => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  try {
    return await withOwnTables(client, tables, use, body, options);
  } catch (error) {
    throw error instanceof TamperedSchemaError ? tamperedError(slug, error) : error;
  }
}

/** The user's error for a table that somebody with the tenant's password changed. */
export function tamperedError(slug: string, error: TamperedSchemaError): UserError {
  return new UserError("E_PARTIAL_STATE", `Tenant '${slug}': ${error.message}.`, {
    hint: "Somebody with the tenant's password changed it. Find out who, undo it as the tenant's role and change the password.",
    cause: error,
  });
}
