import type { Difference, Properties, ResourceChange, RunResult } from "../../deploy/index.ts";

/** What a run would do to one tenant or the platform, in words a person uses: a headline, then a line a thing. */
export interface PlanWords {
  readonly headline: string;
  readonly lines: readonly string[];
}

/** Inputs that name a tenant's life or place in every resource; told once, by the resource that decides them. */
const REPEATED = new Set([
  "slug",
  "stack",
  "tenantId",
  "server",
  "database",
  "role",
  "secretName",
  "invitationId",
]);

/** What Pulumi's engines show in place of a text that only the apply will know. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const PASSWORD = "random:index/randomPassword:RandomPassword";

/** Words a preview. Pure; secrets never reach it. */
export function wordPlan(target: string, result: RunResult): PlanWords {
  const changes = result.changes.filter(({ type }) => !type.startsWith("pulumi:")).map(asRotation);
  if (changes.length === 0) return { headline: `${target}  no changes`, lines: [] };
  const updated = changes.filter(({ operation }) => operation === "update");
  const lines = [
    ...changes.filter(({ operation }) => operation !== "update").map(wordChange),
    ...uniqueLines(updated.flatMap(wordUpdate)),
  ];
  return { headline: `${target}  ${countWords(changes)}`, lines };
}

/** A replaced password is no loss: its secret and role follow in the same run, and open sessions live on. */
function asRotation(change: ResourceChange): ResourceChange {
  const isRotated = change.type === PASSWORD && change.operation === "replace";
  return isRotated ? { ...change, operation: "update", differences: [] } : change;
}

/** `3 to create, 1 to update`, deletes and replacements in capitals. */
function countWords(changes: readonly ResourceChange[]): string {
  const count = (word: string, operations: readonly string[]): string[] => {
    const number = changes.filter(({ operation }) => operations.includes(operation)).length;
    return number === 0 ? [] : [`${number} ${word}`];
  };
  return [
    ...count("to create", ["create", "import"]),
    ...count("to update", ["update"]),
    ...count("TO REPLACE", ["replace", "create-replacement", "delete-replaced"]),
    ...count("TO DELETE", ["delete"]),
  ].join(", ");
}

function wordChange(change: ResourceChange): string {
  const what = describeResource(change);
  switch (change.operation) {
    case "create":
    case "import":
      return `+ ${what}`;
    case "delete":
      return `- DELETE ${what}${holdsData(change) ? ", WITH ALL ITS DATA" : ""}`;
    case "update":
      return `~ ${what}`;
    default:
      return `! REPLACE ${what}${holdsData(change) ? ", LOSING ITS DATA" : ""}`;
  }
}

function holdsData({ type }: ResourceChange): boolean {
  return /:(Database|Server|Vault|Master|Zone)$/.test(type) && type !== "tenantry:index:Server";
}

/** One phrase a type; a type without one is called by its own name. */
const PHRASES: Readonly<Record<string, (properties: Properties) => string>> = {
  "tenantry:index:TenantRecord": ({ hosts }) => `record, reserving ${listOf(hosts)}`,
  "tenantry:index:Placement": ({ serverName, server, host }) =>
    `placement on server '${serverName ?? server}'${host === undefined ? "" : ` (${host})`}`,
  "tenantry:index:StateCheck": () => "check that nothing of this name is there",
  [PASSWORD]: ({ keepers }) => (keepers === undefined ? "password" : "password, made anew"),
  "tenantry:index:VaultSecret": ({ name }) => `secret '${name}'`,
  "tenantry:index:Database": ({ database, role }) => `database '${database}' owned by '${role}'`,
  "tenantry:index:Migrations": ({ files, migrations }) => migrationWords(files, migrations),
  "tenantry:index:Settings": ({ settings }) => `settings ${listOf(keysOf(settings))}`,
  "tenantry:index:Admin": ({ email }) => `admin ${email}, invited when all is done`,
  "tenantry:index:Identity": ({ seeds }) => identityWords(seeds),
  "tenantry:index:FinalBackup": () => "final backup, taken when the tenant is deleted",
  "tenantry:index:Registration": ({ status }) => `registration as '${status}'`,
  "azure-native:cdn:AFDCustomDomain": ({ hostName }) => `CDN domain ${hostName}`,
  "azure-native:cdn:Route": ({ routeName }) => `CDN route '${routeName}'`,
  "azure-native:dns:RecordSet": ({ recordType, relativeRecordSetName }) =>
    `DNS ${recordType} ${relativeRecordSetName}`,
};

function describeResource({ type, name, newInputs, oldInputs, outputs }: ResourceChange): string {
  const all = Object.entries({ ...oldInputs, ...newInputs, ...outputs });
  const properties = Object.fromEntries(
    all.map(([key, value]) => [key, value === UNKNOWN ? "(decided at apply)" : value]),
  );
  return PHRASES[type]?.(properties) ?? `${type.split(":").at(-1)} '${name}'`;
}

/** `10 roles, 1 group, …`: how many of each kind, in the seeds' order; a kind without any is left out. */
function identityWords(seeds: unknown): string {
  const kinds = typeof seeds === "object" && seeds !== null ? Object.entries(seeds) : [];
  const words = kinds
    .map(([kind, items]) => ({ words: SEED_WORDS[kind], count: keysOf(items).length }))
    .filter(({ words: known, count }) => known !== undefined && count > 0)
    .map(({ words: known = ["", ""], count }) => `${count} ${count === 1 ? known[0] : known[1]}`);
  return words.length === 0 ? "no roles" : words.join(", ");
}

const SEED_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  roles: ["role", "roles"],
  groups: ["group", "groups"],
  providers: ["identity provider", "identity providers"],
  applications: ["application", "applications"],
  apiKeys: ["API key", "API keys"],
};

function migrationWords(files: unknown, migrations: unknown): string {
  const names = keysOf(files);
  if (names.length > 0) return `migrations ${names.join(", ")}`;
  const run =
    typeof migrations === "object" && migrations !== null && "run" in migrations ? migrations.run : undefined;
  return run === undefined ? "migrations (none)" : `migrations by \`${run}\``;
}

/** One line a differing field. */
function wordUpdate(change: ResourceChange): string[] {
  const moved = wordMove(change);
  if (moved !== undefined) return [moved];
  const told = change.differences.filter(({ path }) => !REPEATED.has(path.split(/[.[]/)[0] ?? path));
  if (told.length === 0) return [wordChange(change)];
  return told.map((difference) => wordDifference(difference, change));
}

/** A placement on another server than the one in state is the tenant's move, the one update that carries all its data. */
function wordMove({ type, oldInputs, newInputs, oldOutputs, outputs }: ResourceChange): string | undefined {
  if (type !== "tenantry:index:Placement") return undefined;
  const [from, to] = [oldOutputs?.serverName ?? oldInputs?.server, outputs?.serverName ?? newInputs?.server];
  if (from === to) return undefined;
  const target = to === UNKNOWN ? "a server that is decided at apply" : `'${to}'`;
  return `! MOVE from '${from}' to ${target}: read-only while its data is copied and compared`;
}

function wordDifference({ path, kind }: Difference, change: ResourceChange): string {
  const { oldInputs, newInputs, type } = change;
  const [from, to] = [valueAt(oldInputs, path), valueAt(newInputs, path)];
  if (type === "tenantry:index:Migrations" && path.startsWith("files")) {
    return kind === "add" ? `+ migration ${lastPart(path)}` : `~ migration ${lastPart(path)} (${kind})`;
  }
  const label = `${ownerOf(change)}${labelOf(path)}`;
  if (isSource(path)) return `~ ${label} comes from the ${to}, was from the ${from}`;
  if (kind === "add") return `~ ${label}: ${show(to)} (new)`;
  if (kind === "delete") return `~ ${label}: ${show(from)} removed`;
  return `~ ${label}: ${show(from)} → ${show(to)}`;
}

/** Whose field it is: an entry's and a plan's are told by themselves, those of DNS, CDN and servers are not. */
function ownerOf(change: ResourceChange): string {
  return change.type.startsWith("tenantry:") ? "" : `${describeResource(change)}: `;
}

/** What an entry or a plan calls the field: settings carry `{ value, source }`, and a plan's limits are among them. */
function labelOf(path: string): string {
  const [field = "", key = "", part, ...rest] = partsOf(path);
  if (field === "email") return "adminEmail";
  if (field !== "settings" || part === undefined) return path;
  return [...(key.startsWith("limits.") ? [] : [field]), key, ...rest].join(".");
}

function isSource(path: string): boolean {
  const [field, , part, ...rest] = partsOf(path);
  return field === "settings" && part === "source" && rest.length === 0;
}

/** The value at a Pulumi property path such as `settings.model.value`, `files["0001_a.sql"]` or `hosts[0]`. */
function valueAt(properties: Properties | undefined, path: string): unknown {
  return partsOf(path).reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? (value as Properties)[part] : undefined),
    properties,
  );
}

function partsOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

function lastPart(path: string): string {
  return partsOf(path).at(-1) ?? path;
}

function show(value: unknown): string {
  if (value === undefined || value === UNKNOWN) return "(decided at apply)";
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function uniqueLines(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
