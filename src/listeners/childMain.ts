import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { readDeclaration } from "./declaration.ts";
import type { ChildAnswer, ChildRequest } from "./messages.ts";

/**
 * The process in which a user's code runs, one for each call: it may hang, throw, exit or leave timers without harm to
 * anybody. Takes one request as a line of standard input and answers lines on descriptor 4.
 */
const answers = createWriteStream("", { fd: 4 });
const abort = new AbortController();

function answer(message: ChildAnswer): void {
  answers.write(`${JSON.stringify(message)}\n`);
}

/** Ends at once when the last answer is out: what the user's code left running doesn't count. */
function end(message: ChildAnswer): void {
  answers.write(`${JSON.stringify(message)}\n`, () => process.exit(0));
}

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "abort") return abort.abort(new Error("the time of this listener is over"));
  const request: ChildRequest = JSON.parse(line);
  const body = request.kind === "inspect" ? inspect(request) : call(request);
  body.then(end, (error: unknown) => end({ kind: "failed", error: messageOf(error), stack: stackOf(error) }));
});

async function inspect({ file, name }: Extract<ChildRequest, { kind: "inspect" }>): Promise<ChildAnswer> {
  const { listener } = await import(pathToFileURL(file).href);
  const read = readDeclaration(name, listener);
  return "events" in read ? { kind: "declared", declaration: read } : { kind: "faulty", faults: read };
}

async function call(request: Extract<ChildRequest, { kind: "call" }>): Promise<ChildAnswer> {
  const { file, event, args, key, attempt } = request;
  const { listener } = await import(pathToFileURL(file).href);
  const context = {
    ...{ key, attempt, signal: abort.signal },
    log: (line: unknown) => answer({ kind: "log", line: String(line) }),
  };
  answer({ kind: "begun" });
  await listener[event](...args, context);
  return { kind: "done" };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? "") : "";
}
