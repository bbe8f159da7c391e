import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { LocalEnv } from "../../../src/localcloud/index.ts";

const INDEX = path.resolve(import.meta.dirname, "../../../src/localcloud/index.ts");
const GROUP = "/subscriptions/10ca1000-0000-4000-8000-000000000001/resourceGroups/rg";

/** `openLocalCloud().start()` in a process of its own, which ends after it. */
export async function startInProcess(root: string, home: string): Promise<LocalEnv> {
  const script = `
    const { openLocalCloud } = await import(${JSON.stringify(INDEX)});
    console.log(JSON.stringify(await openLocalCloud(${JSON.stringify({ root, home })}).start()));`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as LocalEnv;
}

/** Every process whose command line names the text. */
export async function processesNaming(text: string): Promise<number[]> {
  const pids = (await fs.readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => ((await commandOf(pid)).includes(text) ? [pid] : [])),
  );
  return found.flat();
}

async function commandOf(pid: number): Promise<string> {
  try {
    return await fs.readFile(`/proc/${pid}/cmdline`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** One call of Resource Manager with a token of the managed identity; resolves with the answer's body. */
export async function callArm(
  env: LocalEnv,
  method: string,
  target: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const token = await fetch(
    `${env.identity.endpoint}?api-version=2019-08-01&resource=https://management.azure.com/`,
    {
      headers: { "x-identity-header": env.identity.header },
    },
  );
  const { access_token } = (await token.json()) as { access_token: string };
  const response = await fetch(`${env.arm.url}${target}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** Makes a resource group, the tenants' vault and, when asked, one PostgreSQL server, and waits for them. */
export async function makePlatform(
  env: LocalEnv,
  options: { readonly vault: string; readonly server?: string },
): Promise<void> {
  await callArm(env, "PUT", `${GROUP}?api-version=2024-03-01`, { location: "westeurope" });
  const vault = {
    location: "westeurope",
    properties: {
      tenantId: "10ca1000-0000-4000-8000-000000000002",
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
    },
  };
  await callArm(
    env,
    "PUT",
    `${GROUP}/providers/Microsoft.KeyVault/vaults/${options.vault}?api-version=2023-07-01`,
    vault,
  );
  if (options.server === undefined) return;
  const target = `${GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${options.server}?api-version=2024-08-01`;
  await callArm(env, "PUT", target, {
    location: "westeurope",
    sku: { name: "Standard_B1ms", tier: "Burstable" },
    properties: {
      version: "18",
      administratorLogin: "tenantry_admin",
      administratorLoginPassword: "Local-Passw0rd-1",
      storage: { storageSizeGB: 32 },
    },
  });
  for (let state: unknown; state !== "Succeeded"; ) {
    const { properties } = (await callArm(env, "GET", target)) as {
      properties: { provisioningState: string };
    };
    state = properties.provisioningState;
    if (state !== "Succeeded") await pause(50);
    if (state === "Failed") throw new Error("the server could not be made");
  }
}
