import { type Client, type Queryable, withTransaction } from "../postgres/index.ts";
import { InternalError } from "../tenant/errors.ts";
import { appendAudit } from "./audit.ts";
import { raiseCacheEpoch } from "./cacheEpoch.ts";
import type { Run } from "./run.ts";

/** How often a tenant's password was made anew. */
export interface Rotation {
  /** What the stack's password is made for; 0 is the first one. */
  readonly wanted: number;
  /** The last one that is known to log in; less than `wanted` while a rotation is unfinished. */
  readonly done: number;
}

/** A tenant's rotation. Throws where no record has the id. */
export async function readRotation(client: Queryable, tenantId: string): Promise<Rotation> {
  const { rows } = await client.query<{ wanted: number; done: number }>(
    "SELECT rotation AS wanted, rotated AS done FROM identity.tenant WHERE id = $1",
    [tenantId],
  );
  const [row] = rows;
  if (row === undefined) throw new InternalError(`no record has the id '${tenantId}'`);
  return row;
}

/** Asks for a new password, which the next run of the stack makes; an unfinished rotation is gone on with. Answers its number. */
export async function beginRotation(client: Client, tenantId: string): Promise<number> {
  const { rows } = await client.query<{ wanted: number }>(
    `UPDATE identity.tenant SET rotation = rotated + 1, updated_at = now()
      WHERE id = $1 AND rotation <= rotated RETURNING rotation AS wanted`,
    [tenantId],
  );
  return rows[0]?.wanted ?? (await readRotation(client, tenantId)).wanted;
}

/** Notes that the password of this number logs in: audit, and a new cache epoch, so that who holds the old URL asks again. */
export async function endRotation(
  client: Client,
  subject: { readonly tenantId: string; readonly slug: string },
  rotation: number,
  run: Run,
): Promise<void> {
  await withTransaction(client, async () => {
    const { rowCount } = await client.query(
      "UPDATE identity.tenant SET rotated = $2, rotated_at = now(), updated_at = now() WHERE id = $1 AND rotated < $2",
      [subject.tenantId, rotation],
    );
    if (rowCount !== 1) return;
    await raiseCacheEpoch(client, subject.tenantId);
    await appendAudit(client, subject, "TENANT_ROTATED", run, { rotation });
  });
}
