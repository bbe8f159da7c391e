import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseEngine, findOfficialCli } from "../../src/deploy/index.ts";
import { killPointsOf } from "../../src/deploy/killPoints.ts";
import { attachedPorts } from "../../src/deploy/pluginReader.ts";
import { redactText, redactValue } from "../../src/deploy/redact.ts";

describe("chooseEngine", () => {
  test("embedded for local, official elsewhere, and what was asked for where it may be", () => {
    expect(chooseEngine("local", undefined)).toBe("embedded");
    expect(chooseEngine("prod", undefined)).toBe("official");
    expect(chooseEngine("local", "official")).toBe("official");
  });

  test("refuses the embedded engine by name where a real cloud could be touched", () => {
    expect(() => chooseEngine("prod", "embedded")).toThrow(
      "engine 'embedded' runs only 'local'; got environment 'prod'.",
    );
  });
});

describe("findOfficialCli", () => {
  test("says how to get one where there is none", async () => {
    await expect(findOfficialCli({ PATH: "/nowhere" })).rejects.toMatchObject({
      code: "E_NOT_SUPPORTED",
      message: "engine 'official': no `pulumi` on PATH.",
    });
  });
});

describe("killPointsOf", () => {
  test("collects the points of a run", () => {
    const folder = mkdtempSync(join(tmpdir(), "tenantry-points-"));
    const file = join(folder, "points");
    appendFileSync(file, "");
    const onPoint = killPointsOf({ TENANTRY_POINTS_FILE: file });
    onPoint?.("create:a:before");
    onPoint?.("create:a:after");
    expect(readFileSync(file, "utf8")).toBe("create:a:before\ncreate:a:after\n");
    rmSync(folder, { recursive: true });
  });

  test("costs nothing when nobody asks", () => {
    expect(killPointsOf({})).toBeUndefined();
  });
});

describe("redact", () => {
  test("hides the password of every URL, also inside values, and Pulumi's secrets whole", () => {
    expect(redactText("a postgres://u:p%40w@h:1/d b https://x:y@z")).toBe(
      "a postgres://u:[secret]@h:1/d b https://x:[secret]@z",
    );
    const secret = { "4dabf18193072939515e22adb298388d": "1b47", ciphertext: "c" };
    expect(redactValue({ list: ["postgres://u:p@h"], secret, port: 5 })).toEqual({
      list: ["postgres://u:[secret]@h"],
      secret: "[secret]",
      port: 5,
    });
  });
});

describe("attachedPorts", () => {
  test("reads Pulumi's list of attached plugins", () => {
    expect(attachedPorts("azure-native:1,random:23")).toEqual({ "azure-native": 1, random: 23 });
    expect(attachedPorts(undefined)).toEqual({});
  });
});
