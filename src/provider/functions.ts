import { isPurgeable, readRecord } from "../registry/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import type { GetRecordResult } from "../tenant/resources.ts";
import type { Connection } from "./connection.ts";
import { explain, messageOf } from "./failure.ts";
import type { Properties } from "./protocol/wire.ts";
import type { Run } from "./run.ts";

const GET_RECORD = "tenantry:index:getRecord";

const NO_RECORD: GetRecordResult = {
  tenantId: "",
  status: "none",
  stack: "",
  wasEverActive: false,
  isPurgeable: false,
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
  // An engine that never says `preview` may be in one: then nothing is purgeable, which is the safe answer.
  const isTolerant = isPreview || !connection.doesInvokeSayPreview;
  return { ...(await getRecord(args.slug, run, isTolerant)) };
}

async function getRecord(slug: string, run: Run, isTolerant: boolean): Promise<GetRecordResult> {
  try {
    return await askMaster(slug, run);
  } catch (error) {
    const known = explain(error);
    if (!isTolerant || !isUnreachable(known)) throw known;
    await run.warn(`record of '${slug}' is unknown, so nothing is purgeable: ${messageOf(known)}`);
    return { ...NO_RECORD, isReachable: false };
  }
}

async function askMaster(slug: string, run: Run): Promise<GetRecordResult> {
  const record = await run.access.withMasterReader((client) => readRecord(client, slug));
  if (record === undefined) return NO_RECORD;
  return {
    tenantId: record.id,
    status: record.status,
    stack: record.stack,
    wasEverActive: record.activeAt !== null,
    isPurgeable: isPurgeable(record, new Date()),
    isReachable: true,
  };
}

/** Master or the vault with its URL can't be asked; anything else is told. */
export function isUnreachable(error: unknown): boolean {
  return (
    error instanceof UserError &&
    (error.code === "E_UNREACHABLE" || error.code === "PROVISIONING_UNAVAILABLE")
  );
}
