import { readOrganization, readRecord, type TenantRow } from "../registry/index.ts";
import type { TenantEntry } from "../tenant/entry.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath, loadEntry } from "../tenant/load.ts";
import { refuseProblems } from "../tenant/problems.ts";
import type { OperationContext } from "./context.ts";

/** A tenant's configuration and registration; names of secrets, never their values. Shape: docs/documents.md. */
export interface TenantExport {
  readonly document: "tenantry export";
  readonly version: 1;
  readonly environment: string;
  readonly slug: string;
  /** The checked entry with its defaults; null where its file is gone. */
  readonly entry: TenantEntry | null;
  /** What master knows of the present life; null where there is none. */
  readonly registration: Registered | null;
}

/** A life's row, and its organization. */
export interface Registered extends TenantRow {
  readonly organization: { readonly id: string; readonly name: string } | null;
}

/** Reads entry and record; writes nothing. Throws the entry's problems, and `E_INVALID_ENTRY` for a slug with neither. */
export async function exportTenant(context: OperationContext, slug: string): Promise<TenantExport> {
  const loaded = loadEntry(context.root, slug);
  if (loaded !== undefined) refuseProblems(loaded.problems);
  const registration = await context.access.withMasterReader(async (client) => {
    const record = await readRecord(client, slug);
    if (record === undefined) return null;
    const organization = await readOrganization(client, record.id);
    const { id, name } = organization ?? {};
    return { ...record, organization: id === undefined || name === undefined ? null : { id, name } };
  });
  const entry = loaded?.entry ?? null;
  if (entry === null && registration === null)
    throw new UserError(
      "E_INVALID_ENTRY",
      `${entryPath(slug)}: expected an entry or a record in master; got neither.`,
    );
  const { environment } = context;
  return { document: "tenantry export", version: 1, environment, slug, entry, registration };
}
