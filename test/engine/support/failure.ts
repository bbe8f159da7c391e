import { CommandError } from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";

/** The stderr of a run that must fail. */
export async function failure(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, "the run must fail").toBeInstanceOf(CommandError);
  return String(error);
}
