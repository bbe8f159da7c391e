import { createSocket } from "node:dgram";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, encode, type Packet } from "dns-packet";

type Json = Record<string, unknown>;

/** Resource Manager and a name server on loopback, as far as record sets, domains and routes go. */
export interface TestAzure {
  /** Resources by ARM path, in lower case. */
  readonly resources: Map<string, Json>;
  /** CNAMEs that the name server answers. */
  readonly cnames: Map<string, string>;
  /** What a process needs to ask them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: string[];
  /** Puts a resource there as somebody else would. */
  put(path: string, properties: Json): void;
  stop(): Promise<void>;
}

const SUBSCRIPTION = "00000000-0000-4000-8000-000000000001";

/** The target that the stub serves. */
export const EDGE_TARGET = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: "group",
  zone: "local.tenantry.test",
  profile: "profile",
  endpoint: "endpoint",
} as const;

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/group/providers`;

/** ARM paths of a tenant's things under {@link EDGE_TARGET}. */
export const PATHS = {
  cname: (slug: string) => `${GROUP}/Microsoft.Network/dnsZones/local.tenantry.test/CNAME/${slug}`,
  txt: (slug: string) => `${GROUP}/Microsoft.Network/dnsZones/local.tenantry.test/TXT/_dnsauth.${slug}`,
  domain: (slug: string) => `${GROUP}/Microsoft.Cdn/profiles/profile/customDomains/tenant-${slug}`,
  route: (slug: string) =>
    `${GROUP}/Microsoft.Cdn/profiles/profile/afdEndpoints/endpoint/routes/tenant-${slug}`,
} as const;

/** Where the profile's limits stand in `resources`; without them Front Door doesn't tell any. */
export const USAGES = `${GROUP}/Microsoft.Cdn/profiles/profile/usages`.toLowerCase();

/** Starts both and points this process's environment at them until `stop`. */
export async function startTestAzure(): Promise<TestAzure> {
  const resources = new Map<string, Json>();
  const cnames = new Map<string, string>();
  const requests: string[] = [];
  const arm = createServer((request, response) => serveArm(request, response, resources, requests));
  const armPort = await new Promise<number>((resolve) => {
    arm.listen(0, "127.0.0.1", () => resolve((arm.address() as AddressInfo).port));
  });
  const names = await startNameServer(cnames);
  const environment = {
    TENANTRY_ARM_URL: `http://127.0.0.1:${armPort}`,
    TENANTRY_DNS: `127.0.0.1:${names.port}`,
  };
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  Object.assign(process.env, environment);
  const put = (path: string, properties: Json) => {
    resources.set(path.toLowerCase(), { id: path, name: path.split("/").at(-1), properties });
  };
  const stop = async () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    names.close();
    await close(arm);
  };
  return { resources, cnames, environment, requests, put, stop };
}

function serveArm(
  request: IncomingMessage,
  response: ServerResponse,
  resources: Map<string, Json>,
  requests: string[],
): void {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://arm").pathname).toLowerCase();
  requests.push(`${request.method} ${path.split("/providers/")[1]}`);
  if (request.headers.authorization === undefined) {
    answer(response, 401, { error: { code: "AuthenticationFailed", message: "no token" } });
    return;
  }
  const renewed = path.split("/refreshvalidationtoken")[0] ?? "";
  const found = resources.get(renewed);
  if (path !== renewed && found !== undefined) {
    const validationProperties = { validationToken: "_new" };
    const properties = {
      ...(found.properties as Json),
      domainValidationState: "Pending",
      validationProperties,
    };
    resources.set(renewed, { ...found, properties });
    answer(response, 200, undefined);
    return;
  }
  if (request.method === "DELETE") {
    const slug = path.split("/customdomains/tenant-")[1];
    const isCnamed = slug !== undefined && resources.has(PATHS.cname(slug).toLowerCase());
    if (isCnamed) answer(response, 409, { error: { code: "Conflict", message: "it is still CNAMEd" } });
    else answer(response, resources.delete(path) ? 200 : 204, undefined);
    return;
  }
  if (found === undefined)
    answer(response, 404, { error: { code: "ResourceNotFound", message: "not found" } });
  else answer(response, 200, found);
}

function answer(response: ServerResponse, status: number, body: Json | undefined): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function startNameServer(cnames: Map<string, string>): Promise<{ port: number; close(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const query = decode(message);
    const question = query.questions?.[0];
    const target = cnames.get(question?.name ?? "");
    const reply: Packet = {
      id: query.id ?? 0,
      type: "response",
      flags: target === undefined ? 3 : 0,
      questions: query.questions ?? [],
      answers:
        target === undefined ? [] : [{ type: "CNAME", name: question?.name ?? "", ttl: 5, data: target }],
    };
    socket.send(encode(reply), from.port, from.address);
  });
  return new Promise((resolve) => {
    socket.bind(0, "127.0.0.1", () => {
      resolve({ port: socket.address().port, close: () => socket.close() });
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
