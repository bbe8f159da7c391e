import http from "node:http";
import type { AddressInfo } from "node:net";
import { ARM_RESOURCES, type Tokens } from "../service.ts";
import { ArmError } from "./armError.ts";
import type { Json } from "./armResource.ts";
import type { Site } from "./armType.ts";
import { dispatch, operationPath } from "./dispatch.ts";
import { asArmError, type Operations } from "./operations.ts";
import type { ResourceAnswer } from "./resourceHandler.ts";

/** Resource Manager takes bodies of up to 4 MB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** What pollers are told to wait; they may ask sooner. */
const RETRY_AFTER_SECONDS = "1";

export interface ArmServerOptions {
  readonly site: Site;
  readonly operations: Operations;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tokens: Tokens;
}

export interface ArmServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Resource Manager's HTTP face on loopback. */
export async function serveArm(options: ArmServerOptions): Promise<ArmServer> {
  const server = http.createServer((request, response) => {
    void answer(options, request).then(
      (result) => send(response, request, result),
      (error: unknown) => refuse(response, asArmError(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  { site, operations, tokens }: ArmServerOptions,
  request: http.IncomingMessage,
): Promise<ResourceAnswer> {
  if (!tokens.isAuthorized(request.headers.authorization, ARM_RESOURCES)) {
    throw new ArmError(
      401,
      "AuthenticationFailed",
      "Authentication failed. The 'Authorization' header is missing or its token is not one of the local cloud's.",
    );
  }
  return dispatch(site, operations, {
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", "http://127.0.0.1"),
    body: await readBody(request),
    ifMatch: request.headers["if-match"],
    ifNoneMatch: request.headers["if-none-match"],
  });
}

async function readBody(request: http.IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new ArmError(413, "RequestContentTooLarge", "The request body is larger than 4 MB.");
    chunks.push(chunk);
  }
  if (size === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as Json;
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : String(cause);
    throw new ArmError(400, "InvalidRequestContent", `The request body is not JSON: ${reason}.`);
  }
}

function send(
  response: http.ServerResponse,
  request: http.IncomingMessage,
  { status, body, operation }: ResourceAnswer,
): void {
  if (operation !== undefined) {
    const url = `http://${request.headers.host}${operationPath(operation)}`;
    response.setHeader("azure-asyncoperation", url);
    response.setHeader("retry-after", RETRY_AFTER_SECONDS);
  }
  write(response, status, body);
}

function refuse(response: http.ServerResponse, error: ArmError): void {
  if (error.status === 401)
    response.setHeader("www-authenticate", 'Bearer authorization_uri="http://127.0.0.1"');
  write(response, error.status, error.body());
}

function write(response: http.ServerResponse, status: number, body: Json | undefined): void {
  response.statusCode = status;
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.end(JSON.stringify(body));
}
