import http from "node:http";
import { type Notice, readNotice } from "./daemon/notice.ts";
import { errorOf, type Problem } from "./daemon/protocol.ts";
import type { Home } from "./home.ts";
import { LocalCloudError } from "./localCloudError.ts";
import { isRunning } from "./processIdentity.ts";

/** A daemon that is up answers in milliseconds, unless it has to start a PostgreSQL server that crashed. */
const ANSWER_TIMEOUT_MS = 15_000;
const START_TIMEOUT_MS = 120_000;

/** How a connection fails when the other process is gone, or just going. */
const HAS_ENDED = ["ECONNREFUSED", "ECONNRESET", "EPIPE"];

/** The home's daemon when it is ready. */
export async function findDaemon(home: Home): Promise<Notice | undefined> {
  const notice = await readNotice(home.run);
  return notice !== undefined && (await isRunning(notice)) ? notice : undefined;
}

/** One request to a daemon. Throws its error as a LocalCloudError; undefined when it ended meanwhile, or for a `202`. */
export async function askDaemon<Answer>(
  notice: Notice,
  method: "GET" | "POST",
  path: string,
): Promise<Answer | undefined> {
  try {
    const { status, text } = await request(notice, method, path);
    if (status === 202) return undefined;
    if (status === 200) return JSON.parse(text) as Answer;
    throw errorOf(JSON.parse(text) as Problem);
  } catch (error) {
    if (HAS_ENDED.includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function request(
  { port, token, pid }: Notice,
  method: string,
  path: string,
): Promise<{ status: number; text: string }> {
  // A fault on PostgreSQL restarts the server, and clearing one recovers it.
  const isLong = ["/start", "/faults"].some((each) => path.startsWith(each));
  const timeoutMs = isLong ? START_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      method,
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    };
    const sent = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      );
    });
    sent.setTimeout(timeoutMs, () => {
      const message = `The local cloud's daemon (process ${pid}) has not answered within ${timeoutMs / 1000} s.`;
      sent.destroy(
        new LocalCloudError("E_UNREACHABLE", message, {
          hint: "Run `tenantry local stop`, then start again.",
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}
