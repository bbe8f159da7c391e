/** A service that accepts and never answers must not hold a run for ever (FAULTS F37). `TENANTRY_REQUEST_TIMEOUT_MS` overrides it. */
const TIMEOUT_MS = 30_000;

/** How long one request, or the token for it, may take, in ms. */
export function requestTimeoutMs(): number {
  const set = Number(process.env.TENANTRY_REQUEST_TIMEOUT_MS);
  return Number.isSafeInteger(set) && set > 0 ? set : TIMEOUT_MS;
}

interface Request {
  timeout: number;
  readonly abortSignal?: { readonly aborted: boolean };
}

/** A policy for Azure's SDK clients: no answer within the deadline is an error that says so, and isn't tried again. */
export function deadlinePolicy() {
  return {
    name: "tenantryDeadline",
    async sendRequest<Sent extends Request, Answer>(
      request: Sent,
      next: (request: Sent) => Promise<Answer>,
    ): Promise<Answer> {
      request.timeout = requestTimeoutMs();
      try {
        return await next(request);
      } catch (error) {
        const isOurs = (error as Error).name === "AbortError" && request.abortSignal?.aborted !== true;
        throw isOurs ? noAnswer("it accepted a request and", request.timeout) : error;
      }
    },
  };
}

/** The same for a token: its client takes no deadline of its own. */
export async function withTokenDeadline<T>(token: Promise<T>): Promise<T> {
  const timeoutMs = requestTimeoutMs();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(noAnswer("the identity's endpoint", timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([token, late]);
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(who: string, timeoutMs: number): Error {
  return new Error(`${who} didn't answer within ${timeoutMs / 1000} s.`);
}
