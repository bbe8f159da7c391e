import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findOfficialCli } from "../../src/deploy/officialCommand.ts";
import { StackWorkspace } from "../../src/deploy/stackWorkspace.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";
import { PULUMI, runShell, WHY_SKIPPED } from "./support.ts";

const KEY = "hashivault://tenantry";
const FILE = "stacks/Pulumi.prod.yaml";

/** The two calls of a key server (HashiCorp Vault's transit engine) that the CLI's `hashivault://` keys make. */
function startKeyServer(): Promise<Server> {
  const secret = randomBytes(32);
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      const input = JSON.parse(body) as { plaintext?: string; ciphertext?: string };
      const data =
        input.plaintext === undefined
          ? { plaintext: open(secret, input.ciphertext ?? "") }
          : { ciphertext: seal(secret, input.plaintext) };
      response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `vault:v1:${sealed.toString("base64")}`;
}

function open(key: Buffer, text: string): string {
  const sealed = Buffer.from(text.replace("vault:v1:", ""), "base64");
  const cipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  cipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([cipher.update(sealed.subarray(12, -16)), cipher.final()]).toString("utf8");
}

describe.skipIf(PULUMI === undefined).sequential(`an environment whose state has a key${WHY_SKIPPED}`, () => {
  let workspace: Workspace;
  let server: Server;
  let folder = "";
  let variables: Record<string, string> = {};

  beforeAll(async () => {
    workspace = createWorkspace();
    server = await startKeyServer();
    folder = mkdtempSync(join(tmpdir(), "tenantry-key-"));
    mkdirSync(join(folder, "backend"));
    variables = {
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: pathToFileURL(join(folder, "backend")).href,
      VAULT_SERVER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      VAULT_SERVER_TOKEN: "token",
    };
  });
  afterAll(async () => {
    await workspace?.dispose();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const providerOf = (stack: string) => {
    const file = join(folder, "backend/.pulumi/stacks/tenantry", `${stack}.json`);
    return JSON.parse(readFileSync(file, "utf8")).checkpoint.latest.secrets_providers;
  };

  test("the command that `check` names writes `encryptedkey` into the environment's file", async () => {
    workspace.write(FILE, `secretsprovider: ${KEY}\n${workspace.read(FILE)}`);
    const checked = await workspace.tenantry(["check", "--env", "prod"]);
    const [, command = ""] = /`(pulumi stack init [^`]+)`/.exec(checked.stdout + checked.stderr) ?? [];
    const made = await runShell(workspace.root, command, variables);
    expect(made, `${command}\n${made.stderr}`).toMatchObject({ code: 0 });
    expect(workspace.read(FILE)).toMatch(/^encryptedkey: \S+$/m);
    const again = await workspace.tenantry(["check", "--env", "prod"]);
    expect(again.stdout + again.stderr).not.toContain("encryptedkey");
    expect(providerOf("prod")).toMatchObject({ type: "cloud", state: { url: KEY } });
  });

  test("every stack that tenantry makes then has the same key, and the file stays as it is", async () => {
    const before = workspace.read(FILE);
    const stacks = new StackWorkspace(
      workspace.root,
      {
        name: "official",
        command: (await findOfficialCli(process.env)).command,
        configFile: join(workspace.root, FILE),
        secretsProvider: KEY,
        variables: { ...variables, PULUMI_SKIP_UPDATE_CHECK: "true" },
        undoing: new Set(),
        close: async () => undefined,
      },
      async () => ({}),
    );
    await stacks.findOrCreate("prod.acme");
    expect(stacks.hasMade("prod.acme")).toBe(true);
    expect(providerOf("prod.acme")).toEqual(providerOf("prod"));
    expect(workspace.read(FILE)).toBe(before);
  });
});
