import { loadListeners } from "../listeners/index.ts";
import type { Queryable } from "../postgres/index.ts";
import { findNamesakes, isPurgeable, readRecord, readRotation, readServer } from "../registry/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import { NotAllowedError } from "../tenant/notAllowed.ts";
import type { GetRecordArgs, GetRecordResult } from "../tenant/resources.ts";
import type { Connection } from "./connection.ts";
import { explain, messageOf } from "./failure.ts";
import type { Properties } from "./protocol/wire.ts";
import type { Run } from "./run.ts";

const GET_RECORD = "tenantry:index:getRecord";

const NO_RECORD: GetRecordResult = {
  tenantId: "",
  status: "none",
  stack: "",
  server: "",
  region: "",
  wasEverActive: false,
  rotation: 0,
  isPurgeable: false,
  isHeld: false,
  namesakes: [],
  isReachable: true,
};

/** Runs one of the provider's functions. `isPreview` is what the engine says, where it says it. */
export async function callFunction(
  token: string,
  args: Properties,
  connection: Connection,
  isPreview: boolean,
): Promise<Properties> {
  if (token !== GET_RECORD) throw new InternalError(`provider tenantry has no function '${token}'.`);
  if (typeof args.slug !== "string") throw new InternalError(`${GET_RECORD}: expected 'slug'.`);
  const run = connection.run({ urn: "", typeName: "getRecord", stack: "", isPreview });
  // Before any resource, and in a preview too: a listener that can't be read is refused while nothing is touched.
  await loadListeners(run.listenerRoot);
  // An engine that never says `preview` may be in one: then nothing is purgeable, which is the safe answer.
  const isTolerant = isPreview || !connection.doesInvokeSayPreview;
  return { ...(await getRecord(argsOf(args, args.slug), run, isTolerant)) };
}

function argsOf({ displayName, adminEmail }: Properties, slug: string): GetRecordArgs {
  if (typeof displayName !== "string" || typeof adminEmail !== "string") return { slug };
  return { slug, displayName, adminEmail };
}

async function getRecord(args: GetRecordArgs, run: Run, isTolerant: boolean): Promise<GetRecordResult> {
  try {
    return await run.access.withMasterReader((client) => askMaster(client, args));
  } catch (error) {
    const known = explain(error);
    if (!isTolerant || !isUnreachable(known)) throw known;
    await run.warn(`record of '${args.slug}' is unknown, so nothing is purgeable: ${messageOf(known)}`);
    return { ...NO_RECORD, isReachable: false };
  }
}

async function askMaster(client: Queryable, args: GetRecordArgs): Promise<GetRecordResult> {
  const record = await readRecord(client, args.slug);
  if (record === undefined) return { ...NO_RECORD, namesakes: await namesakesOf(client, args) };
  const server = record.server === null ? undefined : await readServer(client, record.server);
  return {
    tenantId: record.id,
    status: record.status,
    stack: record.stack,
    server: record.server ?? "",
    region: server?.region ?? "",
    wasEverActive: record.activeAt !== null,
    rotation: (await readRotation(client, record.id)).wanted,
    isPurgeable: isPurgeable(record, new Date()),
    isHeld: record.hold,
    namesakes: [],
    isReachable: true,
  };
}

async function namesakesOf(client: Queryable, { displayName, adminEmail }: GetRecordArgs) {
  if (displayName === undefined || adminEmail === undefined) return [];
  return findNamesakes(client, displayName, adminEmail);
}

/** Master or the vault with its URL can't be asked; anything else is told, also that we aren't allowed to ask. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof UserError &&
    !(error instanceof NotAllowedError) &&
    (error.code === "E_UNREACHABLE" || error.code === "PROVISIONING_UNAVAILABLE")
  );
}
