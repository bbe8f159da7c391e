import { type IdentityContext, identityHook, type ObservedIdentity } from "../../hooks/index.ts";
import { forgetSeededSecrets, noteSeededSecrets } from "../../registry/index.ts";
import type { DesiredStatus } from "../../tenant/desired.ts";
import { markerOf } from "../../tenant/edgeNames.ts";
import { nameOfKey, seedSecretNames } from "../../tenant/identitySeeds.ts";
import type { IdentityInputs, IdentityOutputs } from "../../tenant/resources.ts";
import type { FoundSecret } from "../../vault/index.ts";
import { assertMayDelete } from "../deleteLock.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { assertOurs, isSameLife, type SecretKey } from "../secretOwnership.ts";
import { inTenantDatabase, lookInTenantDatabase } from "../tenantDatabase.ts";

/**
 * Roles, groups, scopes, providers, applications and API keys in the tenant's database, and the secrets of the last two in
 * the tenants' vault. The database's drop removes the rows; the secrets go with this resource.
 */
export const identity: ResourceType<IdentityInputs, IdentityOutputs> = {
  name: "Identity",
  immutable: ["database", "role", "stack", "slug"],
  idOf: ({ stack }) => `${stack}/identity`,
  predict: async (news) => news,
  create: seed,
  update: async ({ outputs }, news, run) => {
    await seed(news, run);
    const kept = seedSecretNames(news.slug, news.seeds);
    await removeSecrets(
      news,
      seedSecretNames(outputs.slug, outputs.seeds).filter((name) => !kept.includes(name)),
      run,
    );
    return news;
  },
  read: async ({ inputs }, run) => {
    const wanted = inputs as IdentityInputs;
    const found = await lookInTenantDatabase(wanted, run, (context) =>
      identityHook.observe({ ...context, secrets: secretsOf(wanted, run, isSameLife) }),
    );
    if (found === undefined) return undefined;
    const real = { ...wanted, seeds: found.seeds, status: realStatus(found, wanted.status) };
    return { inputs: real, outputs: real };
  },
  delete: async ({ outputs }, run) => {
    await assertMayDelete(run, outputs, "API keys and client secrets");
    await removeSecrets(outputs, seedSecretNames(outputs.slug, outputs.seeds), run);
  },
};

async function seed(inputs: IdentityInputs, run: Run): Promise<IdentityOutputs> {
  const { seeds, status } = inputs;
  await inTenantDatabase(inputs, run, (context) =>
    identityHook.apply(
      { ...context, secrets: secretsOf(inputs, run, assertOurs) },
      { seeds, isOpen: status === "active" },
    ),
  );
  run.point("applied");
  await warnOfMissing(seeds, run);
  return inputs;
}

/** A provider's client secret is an operator's to write: until then nobody can sign in there. */
async function warnOfMissing({ providers }: IdentityInputs["seeds"], run: Run): Promise<void> {
  for (const [key, { config, isEnabled }] of Object.entries(providers)) {
    const { clientSecretRef: name } = config;
    if (!isEnabled || typeof name !== "string") continue;
    const found = await run.access.tenantVault.find(name);
    if (found?.state === "present") continue;
    await run.warn(
      `identity provider '${nameOfKey(key)}': ${run.access.tenantVault.url} has no secret '${name}'; nobody signs in there until an operator writes it.`,
    );
  }
}

/** API keys that don't fit the status show another one. */
function realStatus({ suspendedKeys, openKeys }: ObservedIdentity, wanted: DesiredStatus): DesiredStatus {
  if (wanted === "active") return suspendedKeys > 0 ? "suspended" : "active";
  return openKeys > 0 ? "active" : wanted;
}

/** The tenants' vault for one life; `isOurs` answers false for another's secret, or throws. */
function secretsOf(
  inputs: IdentityInputs,
  run: Run,
  isOurs: (found: FoundSecret, key: SecretKey) => boolean,
): IdentityContext["secrets"] {
  const { tenantVault, withMaster } = run.access;
  return {
    find: async (name) => {
      const found = await tenantVault.find(name);
      if (found === undefined) return undefined;
      const isWanted = isOurs(found, { ...inputs, name, vaultUrl: tenantVault.url });
      return isWanted && found.state === "present" ? found.value : undefined;
    },
    put: async (name, value) => {
      await withMaster((client) => noteSeededSecrets(client, inputs.tenantId, [name]));
      run.point("before put");
      await tenantVault.put(name, value, markerOf(inputs));
      run.point("put");
    },
  };
}

async function removeSecrets(
  key: Pick<IdentityInputs, "slug" | "stack" | "tenantId">,
  names: readonly string[],
  run: Run,
): Promise<void> {
  if (names.length === 0) return;
  const { tenantVault, withMaster } = run.access;
  for (const name of names) {
    const found = await tenantVault.find(name);
    // A secret that somebody else made after ours was gone stays.
    if (found?.state !== "present" || !isSameLife(found, key)) continue;
    run.point("before remove");
    await tenantVault.remove(name);
    run.point("removed");
  }
  await withMaster((client) => forgetSeededSecrets(client, key.tenantId, names));
}
