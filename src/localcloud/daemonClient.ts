import http from "node:http";
import { type Notice, readNotice } from "./daemon/notice.ts";
import type { Problem } from "./daemon/protocol.ts";
import type { Home } from "./home.ts";
import { type LocalCloudCode, LocalCloudError } from "./localCloudError.ts";
import { isRunning } from "./processIdentity.ts";

/** A daemon that is up answers in milliseconds. */
const ANSWER_TIMEOUT_MS = 15_000;

/** The home's daemon when it is ready. */
export async function findDaemon(home: Home): Promise<Notice | undefined> {
  const notice = await readNotice(home.run);
  return notice !== undefined && (await isRunning(notice)) ? notice : undefined;
}

/** One request to a daemon. Throws its error as a LocalCloudError; undefined when it ended meanwhile. */
export async function askDaemon<Answer>(
  notice: Notice,
  method: "GET" | "POST",
  path: string,
): Promise<Answer | undefined> {
  try {
    const { status, text } = await request(notice, method, path);
    if (status === 202) return undefined;
    if (status === 200) return JSON.parse(text) as Answer;
    const { message, code, hint } = JSON.parse(text) as Problem;
    throw new LocalCloudError(
      (code ?? "E_UNREACHABLE") as LocalCloudCode,
      message,
      hint === undefined ? {} : { hint },
    );
  } catch (error) {
    if (error instanceof LocalCloudError || (await isRunning(notice))) throw error;
    return undefined;
  }
}

function request(
  { port, token, pid }: Notice,
  method: string,
  path: string,
): Promise<{ status: number; text: string }> {
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
    sent.setTimeout(ANSWER_TIMEOUT_MS, () => {
      const message = `The local cloud's daemon (process ${pid}) has not answered within ${ANSWER_TIMEOUT_MS / 1000} s.`;
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
