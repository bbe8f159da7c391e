import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findCheckpoint } from "../../src/deploy/checkpointFile.ts";
import { explainRunFailure } from "../../src/deploy/runFailure.ts";

let root: string;
let path: string;
let history: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "checkpoint-"));
  mkdirSync(join(root, "stacks/tenantry"), { recursive: true });
  mkdirSync(join(root, "history/tenantry/local.acme"), { recursive: true });
  path = join(root, "stacks/tenantry/local.acme.json");
  history = join(root, "history/tenantry/local.acme/local.acme-1.checkpoint.json");
});
afterEach(() => rmSync(root, { recursive: true }));

const stateOf = (stack: string, names: readonly string[] = ["a"]): string =>
  JSON.stringify({
    version: 3,
    checkpoint: {
      stack: `organization/tenantry/${stack}`,
      latest: {
        resources: names.map((name) => ({
          urn: `urn:pulumi:${stack}::tenantry::t:i:T::${name}`,
          type: "t:i:T",
        })),
      },
    },
  });

const refused = (message: RegExp, hint: string) =>
  expect(findCheckpoint(path)).rejects.toMatchObject({
    code: "E_STATE",
    message: expect.stringMatching(message),
    hint,
  });

const NO_COPY = "There is no good copy of it beside it.";
const put = (copy: string): string => `Put the last good copy in its place: '${copy}'.`;

describe("a stack's checkpoint, without an engine (F6, F7)", () => {
  test("is read; none is none, and neither are copies without resources a loss", async () => {
    expect(await findCheckpoint(path)).toBeUndefined();
    writeFileSync(`${path}.bak`, stateOf("local.acme", []));
    expect(await findCheckpoint(path)).toBeUndefined();
    writeFileSync(path, stateOf("local.acme"));
    expect((await findCheckpoint(path))?.resources).toHaveLength(1);
  });

  test("damaged, it names the newest copy that is whole, or says that there is none", async () => {
    writeFileSync(path, stateOf("local.acme").slice(0, 40));
    await refused(/is damaged: .*Nothing was touched\.$/, NO_COPY);
    writeFileSync(`${path}.bak`, "torn");
    writeFileSync(history, stateOf("local.other"));
    await refused(/is damaged/, NO_COPY);
    writeFileSync(history, stateOf("local.acme"));
    await refused(/is damaged/, put(history));
    writeFileSync(`${path}.bak`, stateOf("local.acme"));
    utimesSync(history, 1, 1);
    await refused(/is damaged/, put(`${path}.bak`));
  });

  test("vanished, it is missed as long as a copy holds resources", async () => {
    writeFileSync(history, stateOf("local.acme"));
    await refused(/is missing, and copies of it hold resources/, put(history));
  });

  test("another tenant's, with resources or without, is refused", async () => {
    writeFileSync(path, stateOf("local.globex"));
    await refused(
      /is not the stack 'local.acme': it is of the stack 'organization\/tenantry\/local.globex'/,
      NO_COPY,
    );
    writeFileSync(path, stateOf("local.globex", []));
    await refused(/is not the stack 'local.acme'/, NO_COPY);
    writeFileSync(path, stateOf("local.globex").replace("organization/tenantry/local.globex", "local.acme"));
    await refused(/resource 'urn:pulumi:local.globex::.*' is not of the stack/, NO_COPY);
  });

  test("a folder in its place can't be read", async () => {
    mkdirSync(path);
    await refused(/can't be read: EISDIR/, NO_COPY);
  });

  test("what the embedded engine says of one is worded the same", () => {
    const said =
      "error: the state file '/s.json' is damaged: it is empty. Nothing was changed; the last good copy is '/c.json', of 2026-01-01T00:00:00.000Z with 4 resource(s).";
    const run = { stack: "local.acme", environment: "local", diagnostics: [] };
    expect(explainRunFailure(new Error(said), run)).toMatchObject({
      code: "E_STATE",
      message: "state file '/s.json' is damaged: it is empty. Nothing was touched.",
      hint: put("/c.json"),
    });
    const none =
      "the state file '/s.json' can't be read: EACCES. Nothing was changed; there is no good copy of it.";
    expect(explainRunFailure(new Error(none), run)).toMatchObject({ code: "E_STATE", hint: NO_COPY });
  });
});
