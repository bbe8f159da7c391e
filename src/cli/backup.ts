import { backUp, listTenantBackups, verifyTenantBackup } from "../operations/index.ts";
import type { BackupRow } from "../registry/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { openOperation } from "./openOperation.ts";
import { runOperation } from "./operation.ts";
import { renderTable } from "./render/table.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

const ACTIONS = ["take", "list", "verify"] as const;
type Action = (typeof ACTIONS)[number];

/** `tenantry backup`: takes, lists and proves a tenant's backups. */
export const backup: Verb = {
  configure: (command) =>
    command
      .argument("<words...>", "a slug; or `list` or `verify` and a slug")
      .option("--id <id>", "with `verify`: which backup; default: the newest")
      .addHelpText("after", HELP),
  run: async (words, options, context) => {
    const { action, slug } = parse(words);
    assertSlug(slug, environmentNames(context.root));
    const id = options.id as string | undefined;
    if (id !== undefined && action !== "verify") throw new UsageError("`--id` goes with `verify`.");
    if (action === "list") return list(slug, options, context);
    return action === "take" ? take(slug, options, context) : verify(slug, id, options, context);
  },
};

/** One word is a tenant, whatever its name. */
function parse(words: readonly string[]): { readonly action: Action; readonly slug: string } {
  const [first = "", second, ...more] = words;
  if (second === undefined) return { action: "take", slug: first };
  const action = ACTIONS.find((name) => name === first);
  if (action !== undefined && more.length === 0) return { action, slug: second };
  throw new UsageError("`backup`: expected `<slug>`, `list <slug>` or `verify <slug>`.");
}

async function take(slug: string, options: CommonOptions, context: CliContext): Promise<number> {
  return runOperation(slug, options, context, async (operation) => {
    const taken = await backUp(operation, slug);
    return { summary: `backed up, ${taken.sizeBytes} bytes at ${taken.location}`, details: toJson(taken) };
  });
}

async function verify(
  slug: string,
  id: string | undefined,
  options: CommonOptions,
  context: CliContext,
): Promise<number> {
  return runOperation(slug, options, context, async (operation) => {
    const verified = await verifyTenantBackup(operation, slug, id);
    const { tables, rows, isCompared } = verified;
    const proof = isCompared ? "as its manifest says" : "and has no manifest to compare with";
    return {
      summary: `backup ${verified.id} restores: ${tables} tables, ${rows} rows, ${proof}`,
      details: verified,
    };
  });
}

async function list(slug: string, options: CommonOptions, context: CliContext): Promise<number> {
  const backups = await openOperation(options, context, (operation) => listTenantBackups(operation, slug));
  const { io } = context;
  if (options.json) io.out(`${JSON.stringify(backups.map(toJson), null, 2)}\n`);
  else if (backups.length === 0) io.out(`'${slug}' has no backups; \`tenantry backup ${slug}\` takes one.\n`);
  else io.out(renderTable(HEADER, backups.map(toRow), io.columns));
  return 0;
}

const HEADER = ["id", "kind", "taken", "verified", "bytes", "kept until", "location"];

function toRow(backup: BackupRow): readonly string[] {
  const { id, kind, takenAt, verifiedAt, sizeBytes, deletedAfter, location } = backup;
  const until = deletedAfter === null ? "purge" : deletedAfter.toISOString();
  return [
    id,
    kind,
    takenAt.toISOString(),
    verifiedAt?.toISOString() ?? "never",
    String(sizeBytes),
    until,
    location,
  ];
}

function toJson({ id, tenantId, kind, format, location, ...rest }: Omit<BackupRow, "deletedAt">): object {
  const { sizeBytes, sha256, takenAt, verifiedAt, deletedAfter } = rest;
  return { id, tenantId, kind, format, location, sizeBytes, sha256, takenAt, verifiedAt, deletedAfter };
}

const HELP = `
Backups lie in the environment's folder (\`tenantry:backups\`) with a row in master. Those taken by hand are kept until the
tenant is purged, daily ones 30 days, the final one 90 days beyond the purge.

Examples:
  tenantry backup acme              take one now
  tenantry backup list acme         those of all its lives
  tenantry backup verify acme       restore the newest into a scratch database and compare
`;
