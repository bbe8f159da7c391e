import { type BundleContext, deletedBundle, parseSet, parseUpdate, secretBundle } from "./secretBundle.ts";
import { latestOf } from "./secretDocument.ts";
import type { OpenSecret, Secrets } from "./secrets.ts";
import { badParameter, VaultError } from "./vaultError.ts";

/** One request, already authenticated. */
export interface VaultRequest {
  readonly method: string;
  /** Decoded path segments, empty ones left out. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Parses the body; refuses what is no JSON. */
  readonly body: () => unknown;
}

export interface VaultAnswer {
  readonly status: number;
  readonly body?: object;
}

/** Versions of the protocol whose secrets are as built here (Microsoft's list of `api-version`s). */
const API_VERSIONS = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-06-01-preview", "2025-07-01"];
const NAME = /^[0-9A-Za-z-]{1,127}$/;
const MAX_PAGE = 25;

/** Answers one request on a vault's secrets. Throws VaultError to refuse. */
export async function answerSecretRequest(
  secrets: Secrets,
  context: BundleContext,
  request: VaultRequest,
): Promise<VaultAnswer> {
  checkVersion(request.query);
  const [collection, name, third, ...rest] = request.segments;
  const [isSecrets, isDeleted] = [collection === "secrets", collection === "deletedsecrets"];
  if ((!isSecrets && !isDeleted) || rest.length > 0) throw notSupported(request);
  if (name === undefined) return list(secrets, context, request, isDeleted ? "deleted" : "active");
  if (!NAME.test(name)) throw badParameter(`The request URI contains an invalid name: ${name}`);
  return isDeleted
    ? onDeleted(secrets, context, request, name, third)
    : onSecret(secrets, context, request, name, third);
}

async function onSecret(
  secrets: Secrets,
  context: BundleContext,
  request: VaultRequest,
  name: string,
  version: string | undefined,
): Promise<VaultAnswer> {
  const { method } = request;
  if (method === "GET" && version === "versions") return listVersions(secrets, context, request, name);
  if (method === "GET") return { status: 200, body: open(context, secrets.get(name, version)) };
  if (method === "PATCH") {
    const { secret, version: changed } = await secrets.update(name, version, parseUpdate(request.body()));
    return { status: 200, body: secretBundle(context, secret, changed) };
  }
  if (method === "PUT" && version === undefined) {
    const { value, change } = parseSet(request.body());
    return { status: 200, body: open(context, await secrets.set(name, value, change)) };
  }
  if (method === "DELETE" && version === undefined) {
    return { status: 200, body: deletedBundle(context, await secrets.remove(name)) };
  }
  throw notSupported(request);
}

async function onDeleted(
  secrets: Secrets,
  context: BundleContext,
  request: VaultRequest,
  name: string,
  action: string | undefined,
): Promise<VaultAnswer> {
  const { method } = request;
  if (method === "GET" && action === undefined)
    return { status: 200, body: deletedBundle(context, secrets.getDeleted(name)) };
  if (method === "POST" && action === "recover") {
    const secret = await secrets.recover(name);
    return { status: 200, body: secretBundle(context, secret, latestOf(secret)) };
  }
  if (method === "DELETE" && action === undefined) {
    await secrets.purge(name);
    return { status: 204 };
  }
  throw notSupported(request);
}

function open(context: BundleContext, { secret, version, value }: OpenSecret): object {
  return { value, ...secretBundle(context, secret, version) };
}

function list(
  secrets: Secrets,
  context: BundleContext,
  request: VaultRequest,
  kind: "active" | "deleted",
): VaultAnswer {
  if (request.method !== "GET") throw notSupported(request);
  const items = secrets.list(kind).map((secret) => ({
    key: secret.name.toLowerCase(),
    item:
      kind === "deleted"
        ? deletedBundle(context, secret, true)
        : secretBundle(context, secret, latestOf(secret), true),
  }));
  return page(context, request, items);
}

function listVersions(
  secrets: Secrets,
  context: BundleContext,
  request: VaultRequest,
  name: string,
): VaultAnswer {
  const versions = secrets.versions(name);
  const items = versions.map((version) => ({
    key: version.version,
    item: secretBundle(context, { name, versions }, version),
  }));
  return page(
    context,
    request,
    items.sort((a, b) => (a.key < b.key ? -1 : 1)),
  );
}

/** One page; the next one begins after the last key of this one, so that nothing is skipped when names come and go. */
function page(
  context: BundleContext,
  request: VaultRequest,
  items: readonly { readonly key: string; readonly item: object }[],
): VaultAnswer {
  const size = pageSize(request.query);
  const after = request.query.get("$skiptoken") ?? "";
  const remaining = items.filter(({ key }) => key > after);
  const shown = remaining.slice(0, size);
  const isLast = remaining.length <= size;
  return {
    status: 200,
    body: {
      value: shown.map(({ item }) => item),
      nextLink: isLast ? null : nextLink(context, request, shown.at(-1)?.key ?? ""),
    },
  };
}

function pageSize(query: URLSearchParams): number {
  const size = query.get("maxresults") === null ? MAX_PAGE : Number(query.get("maxresults"));
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE) return size;
  throw badParameter(`'maxresults' must be a whole number from 1 to ${MAX_PAGE}.`);
}

function nextLink(context: BundleContext, request: VaultRequest, after: string): string {
  const query = new URLSearchParams(request.query);
  query.set("$skiptoken", after);
  return `${context.url}/${request.segments.join("/")}?${query}`;
}

function checkVersion(query: URLSearchParams): void {
  const version = query.get("api-version");
  if (version === null || version === "") throw badParameter("api-version must be specified");
  if (API_VERSIONS.includes(version)) return;
  throw badParameter(
    `The specified version (${version}) is not recognized. The local cloud knows ${API_VERSIONS.join(", ")}.`,
  );
}

function notSupported({ method, segments }: VaultRequest): VaultError {
  const what = `${method} /${segments.join("/")}`;
  return new VaultError(
    400,
    "UnsupportedByLocalCloud",
    `The local cloud's Key Vault has no '${what}': it holds secrets only.`,
  );
}
