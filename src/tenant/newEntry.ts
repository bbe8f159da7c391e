/** What `tenantry new` is told. */
export interface NewEntry {
  readonly displayName: string;
  readonly legalName?: string;
  readonly adminEmail: string;
  readonly environments: readonly string[];
  readonly plan: string;
  /** Server and database that are there already: an attached tenant's. */
  readonly server?: string;
  readonly database?: string;
  /** The last migration that the tenant gets. */
  readonly migrationTarget?: string;
}

/** The text of a new `tenants/<slug>.yaml`; what it was told is quoted where YAML would read it otherwise. */
export function renderNewEntry(entry: NewEntry): string {
  const legalName = entry.legalName === undefined ? [] : [`legalName: ${quoted(entry.legalName)}`];
  const { server, database, migrationTarget: target } = entry;
  return [
    "# yaml-language-server: $schema=../schema/tenant.schema.json",
    `displayName: ${quoted(entry.displayName)}`,
    ...legalName,
    `adminEmail: ${quoted(entry.adminEmail)}`,
    `environments: [${entry.environments.join(", ")}]`,
    "status: active",
    `plan: ${entry.plan}`,
    ...(server === undefined ? [] : [`server: ${quoted(server)}`]),
    ...(database === undefined ? [] : [`database: ${quoted(database)}`]),
    ...(target === undefined
      ? []
      : ["# Remove it to get the later migrations.", `migrations: { target: "${target}" }`]),
    "",
  ].join("\n");
}

/** Words and addresses stay plain; everything else goes into double quotes, whose escapes are JSON's. */
function quoted(value: string): string {
  const isPlain =
    /^[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)+$/.test(value) || /^[A-Za-z][\w.+-]*@[\w.-]+$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}
