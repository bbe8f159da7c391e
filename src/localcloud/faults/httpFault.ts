import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { sendJson } from "../jsonHttp.ts";
import type { FaultEffect, FaultService } from "./fault.ts";
import type { Faults } from "./faults.ts";

const TOO_MANY_REQUESTS = 429;
const CONFLICT = 409;
/** Azure's services say with every 429 how long to wait. */
const DEFAULT_RETRY_AFTER_SECONDS = 1;
const MESSAGE = "A fault that was set with `tenantry local fault add` refuses this request.";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;
type HttpService = Exclude<FaultService, "dns" | "postgres">;

/** Puts the faults of a service, and of one vault by its name, before its requests. */
export function withFaults(
  faults: Faults,
  place: { readonly service: HttpService; readonly name?: string },
  handle: (request: IncomingMessage, response: ServerResponse, effect: FaultEffect | undefined) => void,
): Handle {
  return (request, response) => {
    const effect = faults.take({ ...place, method: request.method ?? "", path: pathOf(request) });
    strike(effect, place.service, request, response, () => handle(request, response, effect));
  };
}

/** As people write it: without percent signs, where it can be decoded. */
function pathOf({ url = "/" }: IncomingMessage): string {
  try {
    return decodeURIComponent(url);
  } catch (error) {
    if (error instanceof URIError) return url;
    throw error;
  }
}

function strike(
  effect: FaultEffect | undefined,
  service: HttpService,
  request: IncomingMessage,
  response: ServerResponse,
  carryOut: () => void,
): void {
  switch (effect?.kind) {
    case "status":
      request.resume();
      sendJson(response, effect.status, faultBody(service, effect), retryAfter(effect));
      return;
    case "latency":
      setTimeout(carryOut, effect.latencyMs);
      return;
    case "silence":
      request.resume();
      return;
    case "cut":
      if (effect.moment === "before") {
        request.socket.destroy();
        return;
      }
      cutInsteadOfAnswering(request, response);
      carryOut();
      return;
    default:
      carryOut();
  }
}

/** The answer is ready when its first byte would be written: then everything was carried out. */
function cutInsteadOfAnswering({ socket }: IncomingMessage, response: ServerResponse): void {
  const cut = () => {
    socket.destroy();
    return response;
  };
  response.end = cut;
  response.write = () => {
    cut();
    return true;
  };
}

type StatusEffect = Extract<FaultEffect, { readonly kind: "status" }>;

/** The refusal in the service's own shape. Pure. */
export function faultBody(service: HttpService, { status, code }: StatusEffect): object {
  const word = code ?? wordOf(service, status);
  if (service === "vault" && status === CONFLICT && code !== undefined) {
    // Key Vault names a conflict's reason inside.
    return { error: { code: "Conflict", message: MESSAGE, innererror: { code } } };
  }
  const error = { error: { code: word, message: MESSAGE } };
  return service === "identity" ? { statusCode: status, message: MESSAGE, ...error } : error;
}

function wordOf(service: HttpService, status: number): string {
  if (service === "vault" && status === TOO_MANY_REQUESTS) return "Throttled";
  return (STATUS_CODES[status] ?? "Fault").replaceAll(/[^A-Za-z]/g, "");
}

function retryAfter({ status, retryAfterSeconds }: StatusEffect): Readonly<Record<string, string>> {
  const seconds =
    retryAfterSeconds ?? (status === TOO_MANY_REQUESTS ? DEFAULT_RETRY_AFTER_SECONDS : undefined);
  return seconds === undefined ? {} : { "retry-after": String(seconds) };
}
