import type { ArmType } from "../armType.ts";
import { DELETED_VAULT_TYPE } from "./vault.ts";

/** A resource group; its deletion takes everything in it, in the order that refusals allow. */
export const resourceGroup: ArmType = {
  type: "Microsoft.Resources/resourceGroups",
  apiVersions: ["2021-04-01", "2022-09-01", "2024-03-01"],
  name: { pattern: /^[\w().-]{0,89}[\w()-]$/, rule: "letters, digits and ._-() up to 90, no dot at the end" },
  envelope: { "location!": "string", tags: "map", managedBy: "string" },
  properties: { provisioningState: "readOnly" },
  isPropertiesRequired: false,
  isAsync: true,
  put: ({ envelope, existing }) => ({
    envelope: { ...envelope, location: existing?.envelope.location ?? envelope.location ?? "" },
    properties: {},
  }),
  remove: removeContents,
};

async function removeContents({
  site,
  resource,
}: Parameters<NonNullable<ArmType["remove"]>>[0]): Promise<void> {
  const contents = [...site.state.below(resource.id)]
    .filter(isAlive)
    .sort((a, b) => depth(b.id) - depth(a.id));
  for (const content of contents) {
    await site.typeOf(content).remove?.({ site, resource: content });
    await site.state.delete(content.id);
  }
}

function depth(id: string): number {
  return id.split("/").length;
}

/** A softly deleted vault outlives its group. */
function isAlive({ type }: { readonly type: string }): boolean {
  return type !== DELETED_VAULT_TYPE;
}
