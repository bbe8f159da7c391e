import { setTimeout as sleep } from "node:timers/promises";

/**
 * What Azure's Go SDK, by which the official plugin speaks, repeats by default: three times, after `Retry-After` or an
 * exponential pause (https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/azcore/policy#RetryOptions).
 */
const MAX_RETRIES = 3;
const FIRST_PAUSE_MS = 800;
const RETRYABLE = [408, 429, 500, 502, 503, 504];

/** How a connection fails that was cut, of which nobody knows whether it was heard; requests here are idempotent. */
const CUT = ["ECONNRESET", "UND_ERR_SOCKET"];

/** Sends a request, and again while Resource Manager is busy or cuts the connection. */
export async function withArmRetries(send: () => Promise<Response>): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    const isLast = attempt >= MAX_RETRIES;
    const pauseMs = FIRST_PAUSE_MS * 2 ** attempt;
    const response = await (isLast ? send() : unlessCut(send));
    if (response === undefined) {
      await sleep(pauseMs);
      continue;
    }
    if (isLast || !RETRYABLE.includes(response.status)) return response;
    await response.arrayBuffer();
    await sleep(retryAfterMs(response) ?? pauseMs);
  }
}

async function unlessCut(send: () => Promise<Response>): Promise<Response | undefined> {
  try {
    return await send();
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    if (CUT.includes(String(cause?.code))) return undefined;
    throw error;
  }
}

function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
