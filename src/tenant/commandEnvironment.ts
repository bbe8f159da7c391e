/** What a migration command must not see: credentials of the platform, the engine and this program. */
const WITHHELD = /^(PULUMI_|TENANTRY_|AZURE_|ARM_|IDENTITY_|MSI_|PG|DATABASE_URL$)/;

/** The environment of a team's own migration command: this process's, without anybody's credentials. Pure. */
export function commandEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !WITHHELD.test(name)));
}
