/** Kinds of services whose name follows in the name their port is kept by: `vault:<name>`. */
const KINDS: Readonly<Record<string, string>> = { vault: "Key Vault", postgres: "PostgreSQL" };

const NAMES: Readonly<Record<string, string>> = {
  arm: "Resource Manager",
  control: "daemon",
  dns: "DNS",
  frontDoor: "Front Door",
  identity: "managed identity",
  origin: "gate, Front Door's origin",
  application: "application behind it",
  "azure-native": "plugin azure-native",
  postgresql: "plugin postgresql",
  random: "plugin random",
};

/** Plugins that act as another identity than the owner: `azure-native-<identity>`. */
const PLUGIN_AS = /^azure-native-(\w+)$/;

/** What a person calls the service that keeps a port by this name; the name itself for one that is new. */
export function serviceName(kept: string): string {
  const [kind = "", ...rest] = kept.split(":");
  const [, identity] = PLUGIN_AS.exec(kept) ?? [];
  if (identity !== undefined) return `plugin azure-native, as ${identity}`;
  if (rest.length === 0) return NAMES[kept] ?? kept;
  return `${KINDS[kind] ?? kind} ${rest.join(":")}`;
}
