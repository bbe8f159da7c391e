import { withAdvisoryLock } from "../../postgres/index.ts";
import { markerOf } from "../../tenant/edgeNames.ts";
import type { VaultSecretInputs, VaultSecretOutputs } from "../../tenant/resources.ts";
import { assertMayDelete } from "../deleteLock.ts";
import { markPhase } from "../phases.ts";
import type { ResourceType } from "../resource.ts";
import type { Run } from "../run.ts";
import { assertOurs, isSameLife, PLATFORM_SLUG } from "../secretOwnership.ts";

/** A secret on the data plane: recovered when soft-deleted, a new version only for a new value, tags as marker. */
export const vaultSecret: ResourceType<VaultSecretInputs, VaultSecretOutputs> = {
  name: "VaultSecret",
  phase: "secret_set",
  secretInputs: ["value"],
  immutable: ["name", "stack", "slug"],
  idOf: ({ stack, name }) => `${stack}/secret/${name}`,
  predict: async (news) => withoutValue(news as VaultSecretInputs),
  create: putSecret,
  update: (_, news, run) => putSecret(news, run),
  read: async ({ inputs }, run) => {
    const wanted = inputs as VaultSecretInputs;
    const found = await run.access.vaultAt(wanted.vaultUrl).find(wanted.name);
    if (found?.state !== "present" || !isSameLife(found, wanted)) return undefined;
    return { inputs: { ...wanted, value: found.value }, outputs: withoutValue(wanted) };
  },
  delete: async ({ outputs }, run) => {
    if (outputs.slug !== PLATFORM_SLUG) await assertMayDelete(run, outputs, `secret '${outputs.name}'`);
    const vault = run.access.vaultAt(outputs.vaultUrl);
    const found = await vault.find(outputs.name);
    // A secret that somebody else made after ours was gone stays.
    if (found?.state !== "present" || !isSameLife(found, outputs)) return;
    run.point("before remove");
    await vault.remove(outputs.name);
    run.point("removed");
  },
};

/** How long another run's write of the same secret is waited for; a recovery takes seconds. */
const LOCK_WAIT_MS = 120_000;

async function putSecret(inputs: VaultSecretInputs, run: Run): Promise<VaultSecretOutputs> {
  if (inputs.slug === PLATFORM_SLUG) return writeSecret(inputs, run);
  // A vault can't compare and set: two runs at once would each make a version of the same value.
  const outputs = await run.access.withMaster((client) =>
    withAdvisoryLock(client, `tenantry:secret:${inputs.slug}`, () => writeSecret(inputs, run), {
      waitMs: LOCK_WAIT_MS,
    }),
  );
  await markPhase(run, inputs.tenantId, "secret_set");
  return outputs;
}

async function writeSecret(inputs: VaultSecretInputs, run: Run): Promise<VaultSecretOutputs> {
  const vault = run.access.vaultAt(inputs.vaultUrl);
  const found = await vault.find(inputs.name);
  if (found !== undefined) assertOurs(found, inputs);
  run.point("before put");
  await vault.put(inputs.name, inputs.value, markerOf(inputs));
  run.point("put");
  return withoutValue(inputs);
}

function withoutValue({
  vaultUrl,
  name,
  stack,
  slug,
  tenantId,
}: VaultSecretInputs | VaultSecretOutputs): VaultSecretOutputs {
  return { vaultUrl, name, stack, slug, tenantId };
}
