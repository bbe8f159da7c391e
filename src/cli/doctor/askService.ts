import { readFile } from "node:fs/promises";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { rootCertificates } from "node:tls";

/** What a service said to a question that needs no token. */
export type ServiceAnswer =
  | {
      readonly isAnswered: true;
      readonly statusCode: number;
      /** How far this machine's clock is ahead of the service's, in ms; undefined where it told no time. */
      readonly aheadMs?: number;
    }
  | { readonly isAnswered: false; readonly code: string; readonly reason: string };

const TIMEOUT_MS = 4_000;
/** A Date header has whole seconds: on average half a one has passed since. */
const DATE_ROUNDING_MS = 500;

/** Asks an HTTP service anything; every answer, a refusal too, shows that it is there and what time it has. Never throws. */
export async function askService(url: string): Promise<ServiceAnswer> {
  const begunAt = Date.now();
  try {
    const { statusCode = 0, headers } = await headOf(url, await trusted());
    const told = Date.parse(headers.date ?? "");
    if (Number.isNaN(told)) return { isAnswered: true, statusCode };
    return { isAnswered: true, statusCode, aheadMs: aheadOf(told + DATE_ROUNDING_MS, begunAt, Date.now()) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { isAnswered: false, code: code ?? "", reason: message };
  }
}

/** How far our clock is ahead of one that told its time between two moments of ours, in ms. */
export function aheadOf(toldMs: number, begunMs: number, endedMs: number): number {
  return Math.round((begunMs + endedMs) / 2 - toldMs);
}

/** Node reads NODE_EXTRA_CA_CERTS at its start only; what is trusted here is what the next process will trust. */
async function trusted(): Promise<readonly string[] | undefined> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || file === "") return undefined;
  return [await readFile(file, "utf8"), ...rootCertificates];
}

function headOf(url: string, ca: readonly string[] | undefined): Promise<IncomingMessage> {
  const request = url.startsWith("https:") ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const options = {
      timeout: TIMEOUT_MS,
      agent: false as const,
      ...(ca === undefined ? {} : { ca: [...ca] }),
    };
    const call = request(url, options, (response) => {
      response.resume();
      resolve(response);
    });
    call.on("timeout", () => {
      const error: NodeJS.ErrnoException = new Error(`no answer within ${TIMEOUT_MS / 1000} s`);
      error.code = "ETIMEDOUT";
      call.destroy(error);
    });
    call.on("error", reject);
    call.end();
  });
}
