import { setTimeout as sleep } from "node:timers/promises";
import { withArmRetries } from "./armRetries.ts";

/** How to reach Resource Manager. */
export interface ArmAccess {
  readonly url: string;
  readonly token: () => Promise<string> | string;
}

/** A refusal by Resource Manager, worded as the official plugin does. */
export class ArmRequestError extends Error {
  override readonly name = "ArmRequestError";
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(`Status=${status} Code="${code}" Message="${message}"`);
    this.status = status;
  }
}

/** The local cloud finishes quickly; Azure's own pace of seconds would only cost time here. */
const POLL_MS = 50;
const UNFINISHED = ["Creating", "Updating", "Deleting"];

export type Document = Readonly<Record<string, unknown>>;

/** GET; undefined for 404. */
export async function getDocument(
  access: ArmAccess,
  id: string,
  apiVersion: string,
): Promise<Document | undefined> {
  const response = await send(access, "GET", address(access, id, apiVersion));
  if (response.status === 404) return undefined;
  return readDocument(response);
}

/** GET of a resource that may still be under way after a cut-off run: waits until Azure is done with it. */
export async function getSettled(
  access: ArmAccess,
  id: string,
  apiVersion: string,
): Promise<Document | undefined> {
  for (;;) {
    const found = await getDocument(access, id, apiVersion);
    const properties = found?.properties as Document | undefined;
    if (!UNFINISHED.includes(String(properties?.provisioningState))) return found;
    await sleep(POLL_MS);
  }
}

/** What a PUT came to: the resource is there in any case, also when the operation behind it failed. */
export interface PutOutcome {
  readonly document: Document;
  readonly failure: Error | undefined;
}

/** PUT, and waits for the operation behind it. Throws when the PUT itself is refused. */
export async function putDocument(
  access: ArmAccess,
  id: string,
  apiVersion: string,
  body: Document,
): Promise<PutOutcome> {
  const response = await send(access, "PUT", address(access, id, apiVersion), body);
  const document = await readDocument(response);
  const failure = await awaitOperation(access, response).then(
    () => undefined,
    (error: Error) => error,
  );
  return { document, failure };
}

/** DELETE, and waits for the operation behind it; a missing resource is done. */
export async function deleteDocument(access: ArmAccess, id: string, apiVersion: string): Promise<void> {
  const response = await send(access, "DELETE", address(access, id, apiVersion));
  if (response.status === 404) return;
  if (!response.ok) throw await refusal(response);
  await awaitOperation(access, response);
}

function address({ url }: ArmAccess, id: string, apiVersion: string): string {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return `${url.replace(/\/$/, "")}${path}?api-version=${apiVersion}`;
}

async function send({ token }: ArmAccess, method: string, url: string, body?: Document): Promise<Response> {
  const headers = { authorization: `Bearer ${await token()}`, "content-type": "application/json" };
  const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return withArmRetries(() => fetch(url, request));
}

async function awaitOperation(access: ArmAccess, response: Response): Promise<void> {
  const url = response.headers.get("azure-asyncoperation");
  if (url === null) return;
  for (;;) {
    const { status, error } = await readDocument(await send(access, "GET", url));
    if (status === "Succeeded") return;
    if (status !== "InProgress") {
      const { code = "Failed", message = `the operation ended as '${String(status)}'` } = (error ??
        {}) as Document;
      throw new Error(`Code="${String(code)}" Message="${String(message)}"`);
    }
    await sleep(POLL_MS);
  }
}

async function readDocument(response: Response): Promise<Document> {
  if (!response.ok) throw await refusal(response);
  return (await response.json()) as Document;
}

async function refusal(response: Response): Promise<ArmRequestError> {
  const text = await response.text();
  const { error } = text.startsWith("{") ? (JSON.parse(text) as { error?: Document }) : {};
  return new ArmRequestError(
    response.status,
    String(error?.code ?? "Unknown"),
    String(error?.message ?? text),
  );
}
