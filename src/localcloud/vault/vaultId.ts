import { ArmState } from "../arm/armState.ts";
import type { Store } from "../store.ts";

const TYPE = "Microsoft.KeyVault/vaults";

/** The vault's id in Resource Manager; without group and subscription for one that wasn't made there. */
export function vaultId(store: Store, name: string): string {
  const isNamed = (vault: { readonly name: string }) => vault.name.toLowerCase() === name.toLowerCase();
  return new ArmState(store).ofType(TYPE).find(isNamed)?.id ?? `/providers/${TYPE}/${name}`;
}
