import type { DeployEvent } from "../deploy/index.ts";
import { readRecord, statusBeforeDelete } from "../registry/index.ts";
import type { DesiredStatus, DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { type EntryEdit, loadTenant, rewriteStatus, type StatusWords } from "../tenant/index.ts";
import type { OperationContext } from "./context.ts";
import { type StatusChange, wishOf } from "./statusWish.ts";
import { withTenantHeld } from "./tenantHeld.ts";

/** What came of {@link changeStatus}. */
export interface ChangedStatus {
  readonly slug: string;
  /** What entry and tenant are now. */
  readonly status: DesiredStatus;
  /** The entry's file, relative to the root. */
  readonly file: string;
  /** False where the entry said so already. */
  readonly isEntryChanged: boolean;
  /** Resources that the run changed; 0 where the tenant was so already. */
  readonly changes: number;
}

/**
 * Suspends, resumes, deletes or brings back a tenant: edits its entry, so that Git stays the record, and applies it. Does nothing
 * the second time; killed between, the next call goes on. Throws `E_ILLEGAL_TRANSITION` for a step that the tenant's state doesn't
 * allow, `E_LOCKED`, and whatever `up` throws: the entry is put back where that touched nothing, and else the error says so.
 */
export async function changeStatus(
  context: OperationContext,
  slug: string,
  change: StatusChange,
  onEvent: (event: DeployEvent) => void,
): Promise<ChangedStatus> {
  return withTenantHeld(context, slug, async (hold) => {
    const tenant = loadTenant(context.root, slug, context.config);
    const { words, hasRecord } = await readWish(context, tenant, change);
    const edit = writeWords(context, tenant, words);
    context.point("status:entry written");
    const isNothingThere = !hasRecord && !(await context.deployer.hasResources(tenant.stack));
    const changes = isNothingThere
      ? 0
      : await hold.letGoFor(() => applyEntry(context, tenant, edit, onEvent));
    return { slug, status: words.status, file: edit.file, isEntryChanged: edit.hasChanged, changes };
  });
}

async function readWish(
  { access }: OperationContext,
  tenant: DesiredTenant,
  change: StatusChange,
): Promise<{ words: StatusWords; hasRecord: boolean }> {
  return access.withMaster(async (client) => {
    const record = await readRecord(client, tenant.slug);
    const before =
      record === undefined ? ({ status: "active" } as const) : await statusBeforeDelete(client, record.id);
    return { words: wishOf(change, { tenant, record, before }), hasRecord: record !== undefined };
  });
}

function writeWords(
  { root, environment, note }: OperationContext,
  { slug, status }: DesiredTenant,
  words: StatusWords,
): EntryEdit {
  const edit = rewriteStatus(root, slug, environment, words);
  if (edit.hasChanged)
    note(status === words.status ? `${edit.file} edited` : `${edit.file}: '${status}' → '${words.status}'`);
  return edit;
}

/** Answers how many resources changed. */
async function applyEntry(
  { deployer, isPatient, note }: OperationContext,
  { stack, slug }: DesiredTenant,
  edit: EntryEdit,
  onEvent: (event: DeployEvent) => void,
): Promise<number> {
  let hasTouched = false;
  try {
    const run = await deployer.up(stack, {
      isPatient,
      onEvent: (event) => {
        hasTouched ||= isTouch(event);
        onEvent(event);
      },
    });
    return run.changes.length;
  } catch (error) {
    if (!edit.hasChanged) throw error;
    const words = entryWords(edit, slug, !hasTouched && edit.putBack());
    if (!(error instanceof UserError)) note(words);
    throw withWords(error, words);
  }
}

/** Whether a step was begun that isn't only looking. */
function isTouch(event: DeployEvent): boolean {
  if (event.kind !== "step" || event.state !== "started") return false;
  const { operation, type } = event.change;
  return !["same", "read", "refresh"].includes(operation) && !type.startsWith("pulumi:");
}

function entryWords({ file }: EntryEdit, slug: string, isPutBack: boolean): string {
  if (isPutBack) return `Nothing was touched, and ${file} is as it was.`;
  return `${file} is edited already: the same command, or \`tenantry up ${slug}\`, goes on; to go back, take the edit back and run \`up\`.`;
}

function withWords(error: unknown, words: string): unknown {
  if (!(error instanceof UserError)) return error;
  return new UserError(error.code, error.message, {
    hint: error.hint === undefined ? words : `${error.hint} ${words}`,
    cause: error,
  });
}
