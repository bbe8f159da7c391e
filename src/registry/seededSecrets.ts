import type { Queryable } from "../postgres/index.ts";

/** Notes that a tenant has, or is about to have, secrets of these names: before they are made, so that none is forgotten. */
export async function noteSeededSecrets(
  client: Queryable,
  tenantId: string,
  names: readonly string[],
): Promise<void> {
  await client.query(
    `UPDATE identity.tenant SET seeded_secrets = ARRAY(SELECT DISTINCT unnest(seeded_secrets || $2::text[]) ORDER BY 1)
      WHERE id = $1 AND NOT seeded_secrets @> $2::text[]`,
    [tenantId, names],
  );
}

/** Forgets names whose secrets are gone. */
export async function forgetSeededSecrets(
  client: Queryable,
  tenantId: string,
  names: readonly string[],
): Promise<void> {
  await client.query(
    `UPDATE identity.tenant SET seeded_secrets = ARRAY(SELECT unnest(seeded_secrets) EXCEPT SELECT unnest($2::text[]) ORDER BY 1)
      WHERE id = $1 AND seeded_secrets && $2::text[]`,
    [tenantId, names],
  );
}
