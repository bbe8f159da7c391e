import type { TenantHealth, TenantStatus } from "../../status/index.ts";
import { renderTable } from "./table.ts";

const PARTS_HEADER = [
  ...["TENANT", "STATUS", "SERVER", "MIGRATION", "DATABASE", "SECRET", "DNS", "CDN", "ADMIN"],
  ...["ORGANIZATION", "SETTINGS", "LAST ERROR"],
];

/** One row a tenant with what each part says. */
export function partsTable(statuses: readonly TenantStatus[], columns: number): string {
  const rows = statuses.map((each) => [
    each.slug,
    each.status,
    each.database.server ?? "-",
    each.database.lastMigration ?? "-",
    yes(each.database.healthy),
    yes(each.secret.exists),
    yes(each.dns.resolves),
    yes(each.cdn.serving),
    yes(each.admin.seeded),
    yes(each.organization.created),
    yes(each.settings.inherited),
    each.lastError?.code ?? "-",
  ]);
  return renderTable(PARTS_HEADER, rows, columns);
}

/** One row a tenant, and below it a line for each thing that isn't as it should be. */
export function healthTable(tenants: readonly TenantHealth[], columns: number): string {
  const rows = tenants.flatMap(({ slug, status, isHealthy, problems }) => {
    const [first, ...more] = problems.map(({ part, message }) => `${part}: ${message}`);
    return [
      [slug, status, isHealthy ? "ok" : "NOT OK", first ?? ""],
      ...more.map((words) => ["", "", "", words]),
    ];
  });
  const table = renderTable(["TENANT", "STATUS", "HEALTH", "WHAT"], rows, columns);
  const ill = tenants.filter(({ isHealthy }) => !isHealthy).length;
  return `${table}${tenants.length - ill} of ${tenants.length} healthy\n`;
}

function yes(is: boolean): string {
  return is ? "yes" : "NO";
}
