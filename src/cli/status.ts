import type { TenantStatus } from "../status/index.ts";
import { namesOf, statusOf } from "../status/index.ts";
import { partsTable } from "./render/statusTable.ts";
import { renderTable } from "./render/table.ts";
import { fitText } from "./render/wrap.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession, openStatusObserver } from "./session.ts";
import { chooseTargets, type TargetOptions } from "./targets.ts";
import type { CliContext, Verb } from "./verb.ts";

/** `tenantry status`: asks, never remembers. */
export const status: Verb = {
  configure: (command) =>
    command.argument("[slug...]", "tenants to ask about").option("--all", "every tenant of the environment"),
  run: async (slugs, raw, context) => {
    const options: TargetOptions = raw;
    const { list } = chooseTargets(slugs, options, context);
    const tenants = list.flatMap(({ tenant }) => (tenant === undefined ? [] : [tenant]));
    return withDeployer(await openSession(options, context), async (deployer) => {
      const observer = await openStatusObserver(deployer, options.env);
      try {
        const statuses: TenantStatus[] = [];
        for (const tenant of tenants) statuses.push(statusOf(await observer.observe(namesOf(tenant))));
        print(statuses, options, context);
        return 0;
      } finally {
        await observer.close();
      }
    });
  },
};

/** One object for one slug, an array for `--all`; for a person a table, or a list of facts for one. */
function print(statuses: readonly TenantStatus[], options: TargetOptions, { io }: CliContext): void {
  const [first] = statuses;
  if (options.json)
    io.out(`${JSON.stringify(options.all === true || statuses.length !== 1 ? statuses : first, null, 2)}\n`);
  else if (statuses.length === 1 && first !== undefined) io.out(fitText(describeTenant(first), io));
  else io.out(partsTable(statuses, io.columns));
}

/** One row a tenant. */
export function statusTable(statuses: readonly TenantStatus[], columns: number): string {
  const rows = statuses.map((each) => [
    each.slug,
    each.status,
    each.database.server ?? "-",
    `${each.database.name}${each.database.healthy ? "" : " (not healthy)"}`,
    each.database.lastMigration ?? "-",
    `${each.cdn.host}${each.cdn.serving ? "" : " (not serving)"}`,
  ]);
  return renderTable(["TENANT", "STATUS", "SERVER", "DATABASE", "MIGRATION", "HOST"], rows, columns);
}

function describeTenant(tenant: TenantStatus): string {
  const { database, secret, dns, cdn, admin, organization, settings, lastError } = tenant;
  const yes = (is: boolean, word: string): string => (is ? word : `NOT ${word}`);
  const facts: readonly (readonly [string, string])[] = [
    ["status", tenant.status],
    ["id", tenant.id ?? "-"],
    [
      "database",
      `${database.name} on ${database.server ?? "-"}: ${yes(database.provisioned, "provisioned")}, ${yes(database.healthy, "healthy")}, migration ${database.lastMigration ?? "-"}`,
    ],
    ["secret", `${secret.name}: ${yes(secret.exists, "there")}`],
    ["dns", `${dns.host}: ${yes(dns.resolves, "resolves")}`],
    ["cdn", `${cdn.host}: ${yes(cdn.serving, "serving")}`],
    ...tenant.domains.map(
      ({ host, validation, serving }) =>
        ["domain", `${host}: validation ${validation}, ${yes(serving, "serving")}`] as const,
    ),
    ...(tenant.domainRecords ?? []).map(
      ({ type, name, value }) => ["  wants", `${type} ${name} ${value}`] as const,
    ),
    ["admin", `${admin.email ?? "-"}: ${yes(admin.seeded, "seeded")}`],
    ["organization", `${organization.id ?? "-"}: ${yes(organization.created, "created")}`],
    ["settings", yes(settings.inherited, "inherited")],
    ["last error", lastError === null ? "-" : `${lastError.code}: ${lastError.message}`],
  ];
  return `${tenant.slug}\n${facts.map(([name, text]) => `  ${name.padEnd(13)} ${text}\n`).join("")}`;
}
