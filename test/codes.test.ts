import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CODES, type ErrorCode, exitCodeOf } from "../src/tenant/errors.ts";
import { ROWS } from "./codes/index.ts";
import type { Provocation, PutBack } from "./codes/provocation.ts";
import { differences } from "./codes/reality.ts";
import { Stage } from "./codes/stage.ts";
import type { CommandResult } from "./support/workspace.ts";

const CODE_LIST = Object.keys(CODES) as ErrorCode[];

test("every code has a row", () => {
  expect(Object.keys(ROWS).sort()).toEqual([...CODE_LIST].sort());
});

describe.sequential("every code, provoked through `bin/tenantry`", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage?.dispose());

  describe.each(CODE_LIST)("%s", (code) => {
    const { cannotOccur, provocations } = ROWS[code];
    for (const provocation of provocations) {
      const name =
        cannotOccur === undefined ? provocation.when : `can't occur (${cannotOccur}): ${provocation.when}`;
      test(name, () =>
        provoke(provocation, cannotOccur === undefined ? code : answerOf(provocation, code), stage),
      );
    }
  });
});

/** A code that can't occur is proven by what is answered instead. */
function answerOf({ answers }: Provocation, code: ErrorCode): ErrorCode {
  if (answers === undefined || answers === code) throw new Error(`${code}: expected another answer`);
  return answers;
}

async function provoke(provocation: Provocation, code: ErrorCode, stage: Stage): Promise<void> {
  const putBack = await provocation.arrange?.(stage);
  try {
    const before = await stage.reality();
    const endOutage = await provocation.outage?.(stage);
    const result = await runAndEnd(provocation, stage, endOutage);
    const said = {
      exitCode: result.code,
      stdout: stage.normalise(result.stdout),
      stderr: stage.normalise(result.stderr),
    };
    const { stdout = "", stderr = "" } = provocation;
    expect(said).toEqual({ exitCode: exitCodeOf(code), stdout, stderr });
    expect(`${stdout}${stderr}`).toContain(`${code}: `);
    expect(differences(before, await stage.reality())).toEqual([...(provocation.touches ?? [])].sort());
    await provocation.after?.(stage);
  } finally {
    await putBack?.();
  }
}

/** What was away is back whatever the command did: all else stands on it. */
async function runAndEnd(
  { command, environment }: Provocation,
  stage: Stage,
  endOutage: PutBack | undefined,
): Promise<CommandResult> {
  try {
    return await stage.run(command, environment);
  } finally {
    await endOutage?.();
  }
}
