import type { TenantRow } from "../registry/index.ts";
import {
  configOf,
  type DesiredTenant,
  formatProblem,
  loadWorkspace,
  reviewEnvironment,
  UserError,
} from "../tenant/index.ts";
import { renderTable } from "./render/table.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** One line of the list: an entry, its record, or both. */
export interface ListedTenant {
  readonly slug: string;
  /** What the entry wants; `null` for a record whose entry is gone or not readable. */
  readonly entry: string | null;
  /** What master says; `null` without a record or when master wasn't asked. */
  readonly record: string | null;
  readonly id: string | null;
  readonly displayName: string | null;
  readonly plan: string | null;
  /** Where it is; before placement what the entry wants. */
  readonly server: string | null;
  readonly database: string;
  readonly host: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** `tenantry list`: entries of an environment beside their records. */
export const list: Verb = {
  configure: (command) =>
    command.option("--offline", "entries only: connect to nothing").addHelpText("after", HELP),
  run: async (_, options, context) => {
    const workspace = loadWorkspace(context.root);
    const review = reviewEnvironment(workspace, configOf(workspace, options.env));
    for (const problem of review.problems) context.io.err(`warning: ${formatProblem(problem)}\n`);
    const records = options.offline === true ? undefined : await readRecords(options, context);
    const tenants = review.candidates.map(({ tenant }) => tenant);
    print(listTenants(tenants, records ?? []), records !== undefined, options, context);
    return 0;
  },
};

/** Entries and records joined by slug, sorted by it. */
export function listTenants(
  tenants: readonly DesiredTenant[],
  records: readonly TenantRow[],
): ListedTenant[] {
  const recordOf = new Map(records.map((record) => [record.slug, record]));
  const entryOf = new Map(tenants.map((tenant) => [tenant.slug, tenant]));
  const slugs = [...new Set([...entryOf.keys(), ...recordOf.keys()])].sort();
  return slugs.map((slug) => join(slug, entryOf.get(slug), recordOf.get(slug)));
}

function join(slug: string, tenant: DesiredTenant | undefined, record: TenantRow | undefined): ListedTenant {
  return {
    slug,
    entry: tenant?.status ?? null,
    record: record?.status ?? null,
    id: record?.id ?? null,
    displayName: tenant?.displayName ?? record?.displayName ?? null,
    plan: tenant?.plan ?? record?.plan ?? null,
    server: record?.server ?? tenant?.server ?? null,
    database: record?.databaseName ?? tenant?.databaseName ?? "",
    host: tenant?.hosts[0] ?? record?.hosts[0] ?? null,
    labels: tenant?.labels ?? record?.labels ?? {},
  };
}

/** Every record that isn't purged; undefined, with a warning, where there is no platform to ask. */
async function readRecords(
  options: CommonOptions,
  context: CliContext,
): Promise<readonly TenantRow[] | undefined> {
  const { openSession, openStatusObserver } = await import("./session.ts");
  const { withDeployer } = await import("./runTargets.ts");
  return withDeployer(await openSession(options, context), async (deployer) => {
    try {
      const observer = await openStatusObserver(deployer, options.env);
      return await observer.records().finally(() => observer.close());
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "E_UNREACHABLE") throw error;
      context.io.err(`warning: no records: ${error.message}\n`);
      return undefined;
    }
  });
}

function print(
  tenants: readonly ListedTenant[],
  isAsked: boolean,
  options: CommonOptions,
  { io }: CliContext,
): void {
  if (options.json) {
    io.out(`${JSON.stringify(tenants, null, 2)}\n`);
    return;
  }
  if (tenants.length === 0) {
    io.out(`No tenants in '${options.env}'. \`tenantry new <slug>\` writes an entry.\n`);
    return;
  }
  const rows = tenants.map((tenant) => [
    tenant.slug,
    tenant.entry ?? "no entry",
    tenant.record ?? (isAsked ? "none" : "?"),
    tenant.plan ?? "-",
    tenant.server ?? "-",
    tenant.host ?? "-",
  ]);
  io.out(renderTable(["TENANT", "ENTRY", "RECORD", "PLAN", "SERVER", "HOST"], rows, io.columns));
}

const HELP = `
ENTRY is what tenants/<slug>.yaml wants, RECORD what master says. \`tenantry status\` asks the things themselves.
`;
