import http from "node:http";
import type { AddressInfo } from "node:net";
import { openOriginGate } from "../../../src/gate/originGate.ts";
import { armService } from "../../../src/localcloud/arm/index.ts";
import { frontDoorService } from "../../../src/localcloud/frontDoor/index.ts";
import { type Answer, CDN, DNS, GROUP, type Harness, makeEdge, openHarness } from "../arm/harness.ts";

export const PROFILE = "Microsoft.Cdn/profiles/p";
export const ENDPOINT = `${PROFILE}/afdEndpoints/e`;
/** The endpoint's own host. */
export const HOST = "e.z01.azurefd.net";
export const idOf = (path: string) => `${GROUP}/providers/${PROFILE}/${path}`;

export interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface AskOptions {
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** What a test's application answers, by request; `/…` of the request is told unless it says otherwise. */
export type Application = (request: http.IncomingMessage, body: string) => Reply;

export interface Reply {
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

/** A real application behind Front Door, which counts what it is asked. */
export interface TestOrigin {
  readonly port: number;
  readonly requests: { readonly url: string; readonly headers: http.IncomingHttpHeaders }[];
  stop(): Promise<void>;
}

/** Resource Manager, Front Door, and the group, zone, profile, endpoint, origin group and origin of `makeEdge`. */
export interface EdgeBench {
  readonly cloud: Harness;
  /** An application at the origin `o`, alone in the group unless `putOrigin` adds others. */
  serveOrigin(application: Application): Promise<TestOrigin>;
  putOrigin(name: string, port: number, properties?: object): Promise<void>;
  /** A route for `HOST`. */
  putRoute(name: string, properties?: object): Promise<Answer>;
  /** An approved domain `<name>.local.test`; answers its id. */
  putDomain(name: string): Promise<string>;
  ask(host: string, options?: AskOptions): Promise<Got>;
  stop(): Promise<void>;
}

export async function openEdge(settings: Readonly<Record<string, string>> = {}): Promise<EdgeBench> {
  const cloud = await openHarness({ settings });
  await cloud.start(armService());
  await cloud.start(frontDoorService(openOriginGate));
  await makeEdge(cloud);
  const origins: TestOrigin[] = [];
  const putOrigin = (name: string, port: number, properties: object = {}) =>
    mustBeMade(
      cloud.arm("PUT", `${PROFILE}/originGroups/g/origins/${name}`, CDN, {
        properties: { hostName: "localhost", httpPort: port, ...properties },
      }),
    );
  return {
    cloud,
    putOrigin,
    serveOrigin: async (application) => {
      const origin = await startOrigin(application);
      origins.push(origin);
      await putOrigin("o", origin.port);
      return origin;
    },
    putRoute: (name, properties = {}) =>
      cloud.arm("PUT", `${ENDPOINT}/routes/${name}`, CDN, {
        properties: {
          originGroup: { id: idOf("originGroups/g") },
          linkToDefaultDomain: "Enabled",
          ...properties,
        },
      }),
    putDomain: (name) => putDomain(cloud, name),
    ask: (host, options) => ask(cloud.context.portOf("frontDoor"), host, options),
    stop: async () => {
      await cloud.stop();
      await Promise.all(origins.map((origin) => origin.stop()));
    },
  };
}

async function mustBeMade(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 201 && status !== 200) throw new Error(JSON.stringify(body));
}

async function putDomain({ arm }: Harness, name: string): Promise<string> {
  const { body } = await arm("PUT", `${PROFILE}/customDomains/${name}`, CDN, {
    properties: { hostName: `${name}.local.test` },
  });
  const value = [body.properties.validationProperties.validationToken];
  const proof = `Microsoft.Network/dnsZones/local.test/TXT/_dnsauth.${name}`;
  await mustBeMade(arm("PUT", proof, DNS, { properties: { TTL: 1, TXTRecords: [{ value }] } }));
  return body.id;
}

/** A server on a free port of loopback. */
export async function startOrigin(application: Application): Promise<TestOrigin> {
  const requests: { url: string; headers: http.IncomingHttpHeaders }[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      requests.push({ url: request.url ?? "", headers: request.headers });
      const { status = 200, headers = {}, body: text = `${request.url}` } = application(request, body);
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One request on a connection of its own; `fetch` doesn't let a caller set `Host`. */
function ask(port: number, host: string, options: AskOptions = {}): Promise<Got> {
  const { path = "/", method = "GET", body, headers = {} } = options;
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port, path, method, headers: { host, ...headers }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}
