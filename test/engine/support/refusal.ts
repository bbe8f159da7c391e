import { expect } from "vitest";
import type { Harness } from "./harness.ts";

/** What a command that must fail says on stderr, without the line's end. */
export async function refusalOf(
  harness: Harness,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const failed = await harness.run(args, environment).then(
    () => undefined,
    (error: unknown) =>
      error as { readonly commandResult: { readonly stderr: string; readonly code: number } },
  );
  expect(failed, `${args.join(" ")} did not fail`).toBeDefined();
  const { stderr = "", code } = failed?.commandResult ?? {};
  expect(code, stderr).not.toBe(0);
  return stderr.trimEnd();
}
