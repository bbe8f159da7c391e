import { randomUUID, webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One answer that the vault gives in place of its own, e.g. a 429. */
export interface ScriptedAnswer {
  /** `PUT /secrets/x`: the next request of this form gets it. */
  readonly request: string;
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface StoredSecret {
  versions: { readonly id: string; readonly value: string }[];
  tags: Record<string, string>;
  isDeleted: boolean;
}

/** A Key Vault on loopback with Azure's status codes, for faults that a real one shows only rarely. */
export interface TestKeyVault {
  readonly url: string;
  /** What a process needs to reach it with the unchanged SDK. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Map<string, StoredSecret>;
  /** Every request so far, `PUT /secrets/x`. */
  readonly requests: string[];
  /** Most requests that were under way at once so far. */
  peak(): number;
  script(...answers: readonly ScriptedAnswer[]): void;
  stop(): Promise<void>;
}

/** Starts it, and points this process's environment at it until `stop`. */
export async function startTestKeyVault(): Promise<TestKeyVault> {
  const { certificate, key } = await selfSigned();
  const folder = mkdtempSync(join(tmpdir(), "tenantry-vault-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, certificate);
  const secrets = new Map<string, StoredSecret>();
  const requests: string[] = [];
  const scripted: ScriptedAnswer[] = [];
  const load = { now: 0, peak: 0 };
  const vault = createSecureServer({ cert: certificate, key }, (request, response) => {
    load.now += 1;
    load.peak = Math.max(load.peak, load.now);
    response.on("close", () => {
      load.now -= 1;
    });
    void answer(request, response, { secrets, requests, scripted });
  });
  const identity = createPlainServer((_, response) => {
    const token = {
      access_token: "test-token",
      expires_on: "4102444800",
      resource: "vault",
      token_type: "Bearer",
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(token));
  });
  const url = `https://127.0.0.1:${await listen(vault)}`;
  const environment = {
    IDENTITY_ENDPOINT: `http://127.0.0.1:${await listen(identity)}/token`,
    IDENTITY_HEADER: randomUUID(),
    NODE_EXTRA_CA_CERTS: ca,
  };
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  Object.assign(process.env, environment);
  const stop = async () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await Promise.all([close(vault), close(identity)]);
    rmSync(folder, { recursive: true });
  };
  return {
    url,
    environment,
    secrets,
    requests,
    peak: () => load.peak,
    script: (...answers) => scripted.push(...answers),
    stop,
  };
}

interface Scene {
  readonly secrets: Map<string, StoredSecret>;
  readonly requests: string[];
  readonly scripted: ScriptedAnswer[];
}

async function answer(request: IncomingMessage, response: ServerResponse, scene: Scene): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as {
    value?: string;
    tags?: Record<string, string>;
  };
  const path = new URL(request.url ?? "/", "https://vault").pathname.replace(/\/$/, "");
  if (request.headers.authorization !== "Bearer test-token") {
    const challenge =
      'Bearer authorization="https://login.microsoftonline.com/test", resource="https://vault.azure.net"';
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  const name = `${request.method} ${path}`;
  scene.requests.push(name);
  const at = scene.scripted.findIndex((each) => each.request === name);
  const [script] = at < 0 ? [] : scene.scripted.splice(at, 1);
  if (script === undefined) serve(name, path, body, response, scene.secrets);
  else refuse(response, script.status, script.code, script.headers);
}

/** Azure's status and bundle of one operation, or its refusal. */
function serve(
  request: string,
  path: string,
  body: { value?: string; tags?: Record<string, string> },
  response: ServerResponse,
  secrets: Map<string, StoredSecret>,
): void {
  const [, collection = "", name = "", version] = path.split("/");
  const found = secrets.get(name);
  const method = request.split(" ", 1)[0] ?? "";
  const operate = collection === "deletedsecrets" ? operateDeleted : operateLive;
  const outcome = operate(method, found, body, version);
  if (typeof outcome === "string") {
    refuse(response, outcome === "SecretNotFound" ? 404 : 409, outcome);
    return;
  }
  secrets.set(name, outcome);
  send(response, name, outcome);
}

function operateDeleted(method: string, found: StoredSecret | undefined): StoredSecret | string {
  if (found?.isDeleted !== true) return "SecretNotFound";
  if (method === "POST") found.isDeleted = false;
  return found;
}

function operateLive(
  method: string,
  found: StoredSecret | undefined,
  body: { value?: string; tags?: Record<string, string> },
  version: string | undefined,
): StoredSecret | string {
  if (method === "PUT") {
    if (found?.isDeleted === true) return "ObjectIsDeletedButRecoverable";
    const stored = found ?? { versions: [], tags: {}, isDeleted: false };
    stored.versions.push({ id: randomUUID().replaceAll("-", ""), value: body.value ?? "" });
    stored.tags = body.tags ?? {};
    return stored;
  }
  if (found === undefined || found.isDeleted) return "SecretNotFound";
  if (method === "PATCH" && version !== undefined) found.tags = body.tags ?? {};
  if (method === "DELETE") found.isDeleted = true;
  return found;
}

function send(response: ServerResponse, name: string, secret: StoredSecret): void {
  const { id = "", value = "" } = secret.versions.at(-1) ?? {};
  const bundle = {
    value,
    id: `https://127.0.0.1/secrets/${name}/${id}`,
    attributes: { enabled: true, created: 1, updated: 1, recoveryLevel: "Recoverable" },
    tags: secret.tags,
    ...(secret.isDeleted ? { recoveryId: `https://127.0.0.1/deletedsecrets/${name}`, deletedDate: 1 } : {}),
  };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(bundle));
}

/** Azure's form: a 409's real reason is in `innererror`. */
function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const error =
    status === 409
      ? { code: "Conflict", message: "The name is taken for now.", innererror: { code } }
      : { code, message: `${code}.` };
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify({ error }));
}

async function selfSigned(): Promise<{ certificate: string; key: string }> {
  // The library's container wants this polyfill and uses nothing of it.
  for (const name of ["getMetadata", "getOwnMetadata", "defineMetadata"]) {
    if (!(name in Reflect)) Object.assign(Reflect, { [name]: () => undefined });
  }
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as never);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=tenantry test vault",
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}
