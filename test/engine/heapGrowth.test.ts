import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const CHILD = fileURLToPath(new URL("support/manyCommands.ts", import.meta.url));

/** Megabytes of the largest heap of a process that ran so many commands. */
async function largestHeapAfter(commands: number): Promise<number> {
  const args = ["--import", import.meta.resolve("tsx"), CHILD, String(commands)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout) / 2 ** 20;
}

test("a process of many commands keeps its heap smaller than one of few lets it grow", async () => {
  const [few, many] = [await largestHeapAfter(49), await largestHeapAfter(50)];
  expect(many).toBeLessThan(few * 0.8);
});
