import http from "node:http";
import { type Faults, withFaults } from "../faults/index.ts";
import { closeServer, listenOnLoopback, readBody, sendJson } from "../jsonHttp.ts";
import { ARM_RESOURCES, type EnvironmentNames, type Tokens } from "../service.ts";
import { ArmError } from "./armError.ts";
import type { Json } from "./armResource.ts";
import type { Site } from "./armType.ts";
import { assertAuthorized } from "./authorization.ts";
import { dispatch } from "./dispatch.ts";
import { asArmError, type Operations, operationResultPath, operationStatusPath } from "./operations.ts";
import type { ResourceAnswer } from "./resourceHandler.ts";

/** What pollers are told to wait; they may ask sooner. */
const RETRY_AFTER_SECONDS = "1";

export interface ArmServerOptions {
  readonly site: Site;
  readonly operations: Operations;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tokens: Tokens;
  /** What roles' scopes are made from. */
  readonly names: EnvironmentNames;
  readonly faults: Faults;
}

export interface ArmServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Resource Manager's HTTP face on loopback. */
export async function serveArm(options: ArmServerOptions): Promise<ArmServer> {
  const handle = withFaults(options.faults, { service: "arm" }, (request, response) => {
    void answer(options, request).then(
      (result) => send(response, request, result),
      (error: unknown) => refuse(response, asArmError(error)),
    );
  });
  const server = http.createServer(handle);
  const port = await listenOnLoopback(server, options.port, "Resource Manager");
  return { url: `http://127.0.0.1:${port}`, port, close: () => closeServer(server) };
}

async function answer(
  { site, operations, tokens, names }: ArmServerOptions,
  request: http.IncomingMessage,
): Promise<ResourceAnswer> {
  const principal = tokens.principalOf(request.headers.authorization, ARM_RESOURCES);
  if (principal === undefined) {
    throw new ArmError(
      401,
      "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is missing or its token is not one of the local cloud's.",
    );
  }
  const [method, url] = [request.method ?? "GET", urlOf(request)];
  assertAuthorized(principal, method, url.pathname, names);
  return dispatch(site, operations, {
    method,
    url,
    body: await readJson(request),
    ifMatch: request.headers["if-match"],
    ifNoneMatch: request.headers["if-none-match"],
  });
}

async function readJson(request: http.IncomingMessage): Promise<Json> {
  const body = await readBody(request);
  if (body === undefined) throw new ArmError(413, "RequestContentTooLarge", "The request body is too large.");
  if (body === "") return null;
  try {
    return JSON.parse(body) as Json;
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : String(cause);
    throw new ArmError(400, "InvalidRequestContent", `The request body is not JSON: ${reason}.`);
  }
}

function send(
  response: http.ServerResponse,
  request: http.IncomingMessage,
  { status, body, operation, location }: ResourceAnswer,
): void {
  const origin = originOf(request);
  if (operation !== undefined) {
    response.setHeader("azure-asyncoperation", `${origin}${operationStatusPath(operation)}`);
    response.setHeader("retry-after", RETRY_AFTER_SECONDS);
  }
  if (location !== undefined) {
    response.setHeader("location", `${origin}${operationResultPath(location)}`);
    response.setHeader("retry-after", RETRY_AFTER_SECONDS);
  }
  sendJson(response, status, body);
}

/** Without dots, and without a doubled slash at its beginning (Azure's SDKs ask by id so): authorized is what is answered. */
function urlOf(request: http.IncomingMessage): URL {
  return new URL((request.url ?? "/").replace(/^\/+/, "/"), originOf(request));
}

/** Where the client reached us: what links and polls are made of. */
function originOf({ headers }: http.IncomingMessage): string {
  return `http://${headers.host ?? "127.0.0.1"}`;
}

function refuse(response: http.ServerResponse, error: ArmError): void {
  const challenge = { "www-authenticate": 'Bearer authorization_uri="http://127.0.0.1"' };
  sendJson(response, error.status, error.body(), error.status === 401 ? challenge : {});
}
