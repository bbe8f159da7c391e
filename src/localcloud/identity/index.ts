import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { withFaults } from "../faults/index.ts";
import { closeServer, listenOnLoopback, sendJson } from "../jsonHttp.ts";
import { keyFromFile } from "../keyFile.ts";
import { DEFAULT_IDENTITY, IDENTITY_NAMES, type IdentityName, PRINCIPALS } from "../roles/identities.ts";
import type { LocalService, ServiceContext } from "../service.ts";
import { expiryOf } from "../tokens.ts";

/** Path that `IDENTITY_ENDPOINT` names. */
export const IDENTITY_PATH = "/msi/token";

/** App Service's managed identity protocol, the only version the SDKs speak. */
const API_VERSION = "2019-08-01";

/** Parameters that ask for another identity than the system-assigned one. */
const USER_ASSIGNED = ["client_id", "principal_id", "object_id", "mi_res_id"];

/** An identity's `IDENTITY_HEADER`: who knows it gets that identity's tokens; kept in a 0600 file of its own. */
export async function identityHeader(
  keys: string,
  identity: IdentityName = DEFAULT_IDENTITY,
): Promise<string> {
  const file = identity === DEFAULT_IDENTITY ? "identity.key" : `identity-${identity}.key`;
  return (await keyFromFile(keys, file)).toString("hex");
}

/** Where `DefaultAzureCredential` gets its tokens from. */
export function createIdentityService(): LocalService {
  let server: Server | undefined;
  return {
    name: "identity",
    start: async (context) => {
      const headers = await allHeaders(context.home.keys);
      const handle = withFaults(context.faults, { service: "identity" }, (request, response) =>
        answer(context, headers, request, response),
      );
      server = createServer(handle);
      return {
        identity: await listenOnLoopback(
          server,
          await context.ports.reserve("identity"),
          "managed identity endpoint",
        ),
      };
    },
    stop: async () => {
      if (server !== undefined) await closeServer(server);
    },
  };
}

type Headers = readonly (readonly [identity: IdentityName, header: string])[];

function allHeaders(keys: string): Promise<Headers> {
  return Promise.all(IDENTITY_NAMES.map(async (name) => [name, await identityHeader(keys, name)] as const));
}

type Refusal = readonly [status: number, code: string, message: string];

function answer(
  context: ServiceContext,
  headers: Headers,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const asked = String(request.headers["x-identity-header"] ?? "");
  const [identity] = headers.find(([, header]) => isSame(asked, header)) ?? [];
  const refusal = refusalOf(request, url, identity);
  if (identity === undefined || refusal !== undefined) {
    const [status, code, message] = refusal ?? NOT_KNOWN;
    sendJson(response, status, { statusCode: status, message, error: { code, message } });
    return;
  }
  const resource = url.searchParams.get("resource") ?? "";
  const token = context.tokens.issue(resource, identity);
  sendJson(response, 200, {
    access_token: token,
    expires_on: String(expiryOf(token)),
    resource,
    token_type: "Bearer",
    client_id: PRINCIPALS[identity].clientId,
  });
}

const NOT_KNOWN: Refusal = [
  401,
  "Unauthorized",
  "The header X-IDENTITY-HEADER is missing or is not one of this endpoint's.",
];

function refusalOf(
  request: IncomingMessage,
  url: URL,
  identity: IdentityName | undefined,
): Refusal | undefined {
  const version = url.searchParams.get("api-version");
  if (request.method !== "GET" || url.pathname !== IDENTITY_PATH) {
    return [404, "NotFound", `The managed identity endpoint answers GET ${IDENTITY_PATH} only.`];
  }
  if (identity === undefined) return NOT_KNOWN;
  if (version !== API_VERSION) {
    return [
      400,
      "BadRequest",
      `The api-version '${version ?? ""}' is not supported; expected '${API_VERSION}'.`,
    ];
  }
  if (!url.searchParams.get("resource")) return [400, "BadRequest", "The parameter 'resource' is missing."];
  const asked = USER_ASSIGNED.find((name) => url.searchParams.has(name));
  if (asked === undefined) return undefined;
  return [
    400,
    "BadRequest",
    `The header says which of the local cloud's system-assigned identities asks; '${asked}' is not supported.`,
  ];
}

function isSame(got: string, expected: string): boolean {
  const [a, b] = [Buffer.from(got), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
