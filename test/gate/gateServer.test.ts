import { once } from "node:events";
import http from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import type { Gate, GateAnswer } from "../../src/gate/index.ts";
import {
  bodyOf,
  closeAll,
  fixedGate,
  lines,
  listen,
  send,
  startEcho,
  startGate,
  statusOf,
} from "./support.ts";

afterEach(closeAll);

describe("what the application gets", () => {
  test("is the request, with who it is for and where it came from, and no header of the connection", async () => {
    const port = await startGate(await startEcho());
    const answer = await send(
      port,
      lines(
        "GET /a?b=c HTTP/1.1",
        "Host: Acme.test:80",
        "Accept: x",
        "Accept: y",
        "TE: trailers",
        "X-Hop: mine",
        "Connection: close, x-hop",
      ),
    );
    expect(JSON.parse(bodyOf(answer))).toEqual({
      method: "GET",
      url: "/a?b=c",
      body: "",
      headers: [
        "host: Acme.test:80",
        "accept: x",
        "accept: y",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: acme.test",
        "x-forwarded-proto: http",
        "x-tenantry-tenant: acme",
        "x-tenantry-tenant-id: id-acme",
        "x-tenantry-cache-epoch: 7",
        "connection: keep-alive",
      ],
    });
  });

  test("holds nothing that a client says of the tenant or of proxies, however it spells it", async () => {
    const port = await startGate(await startEcho());
    const forged = [
      "X-Tenantry-Tenant: globex",
      "X_Tenantry_Tenant_Id: id-globex",
      "x-tenantry-anything: y",
      "X-Forwarded-Host: globex.test",
      "X-Forwarded-For: 1.2.3.4",
      "X_Forwarded_For: 1.2.3.4",
      "X-Forwarded-Proto: https",
      "Forwarded: host=globex.test",
    ];
    const answer = await send(
      port,
      lines("GET / HTTP/1.1", "Host: acme.test", ...forged, "Connection: close, X-Forwarded-Host"),
    );
    expect(JSON.parse(bodyOf(answer)).headers).toEqual([
      "host: acme.test",
      "x-forwarded-for: 127.0.0.1",
      "x-forwarded-host: acme.test",
      "x-forwarded-proto: http",
      "x-tenantry-tenant: acme",
      "x-tenantry-tenant-id: id-acme",
      "x-tenantry-cache-epoch: 7",
      "connection: keep-alive",
    ]);
  });

  test("behind a trusted proxy holds the client's address and protocol as that proxy tells them", async () => {
    const port = await startGate(await startEcho(), { isProxyTrusted: true });
    const told = ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"];
    const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test", ...told, "Connection: close"));
    const { headers } = JSON.parse(bodyOf(answer));
    expect(headers).toContain("x-forwarded-for: 1.2.3.4, 127.0.0.1");
    expect(headers.filter((line: string) => line.startsWith("x-forwarded-proto"))).toEqual([
      "x-forwarded-proto: https",
    ]);
  });

  test("of a tenant that was found by its path is the whole path, with the prefix beside it", async () => {
    const port = await startGate(await startEcho());
    const answer = await send(
      port,
      lines("GET /t/acme/x HTTP/1.1", "Host: shared.test", "Connection: close"),
    );
    const { url, headers } = JSON.parse(bodyOf(answer));
    expect({ url, prefix: headers.filter((line: string) => line.startsWith("x-forwarded-prefix")) }).toEqual({
      url: "/t/acme/x",
      prefix: ["x-forwarded-prefix: /t/acme"],
    });
  });

  test("in absolute form is a path and the host it named", async () => {
    const port = await startGate(await startEcho());
    const answer = await send(
      port,
      lines("GET http://acme.test/a?b HTTP/1.1", "Host: acme.test", "Connection: close"),
    );
    const { url, headers } = JSON.parse(bodyOf(answer));
    expect([url, headers[0]]).toEqual(["/a?b", "host: acme.test"]);
  });

  test("keeps the body of a DELETE inside its request, so that it never becomes one of its own", async () => {
    const port = await startGate(await startEcho());
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: acme.test\r\n\r\n";
    const request = `${lines("DELETE /a HTTP/1.1", "Host: acme.test", "Transfer-Encoding: chunked", "Connection: close")}${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    expect(JSON.parse(bodyOf(await send(port, request)))).toMatchObject({ url: "/a", body: smuggled });
  });

  test("streams: the application answers while the client still sends", async () => {
    const application = await listen(
      http.createServer((request, response) => {
        request.on("data", (chunk: Buffer) => response.write(chunk));
        request.on("end", () => response.end());
      }),
    );
    const port = await startGate(application);
    const call = http.request({ port, host: "127.0.0.1", method: "POST", headers: { host: "acme.test" } });
    call.write("first ");
    const [answer] = (await once(call, "response")) as [http.IncomingMessage];
    const [chunk] = await once(answer, "data");
    expect(String(chunk)).toBe("first ");
    call.end("last");
    expect(await text(answer)).toBe("last");
  });
});

describe("what the client gets", () => {
  test("is the application's answer, every cookie of it, without the headers of the connection", async () => {
    const port = await startGate(await startEcho());
    const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test", "Connection: close"));
    expect(statusOf(answer)).toBe("HTTP/1.1 200 OK");
    expect(answer).toContain("set-cookie: a=1\r\nset-cookie: b=2\r\n");
    expect(answer).not.toContain("x-private");
  });

  test.each([
    ["an unknown host", ["Host: nobody.test"], 404, "TenantNotFound"],
    ["two hosts", ["Host: acme.test", "Host: nobody.test"], 400, "BadRequest"],
    ["no host", [], 400, "BadRequest"],
  ])("for %s is a refusal that the application never hears of", async (_, hosts, status, code) => {
    const port = await startGate(1);
    const answer = await send(port, lines("POST / HTTP/1.1", ...hosts, "Content-Length: 5"));
    expect([statusOf(answer)?.slice(9, 12), JSON.parse(bodyOf(answer)).error.code]).toEqual([
      String(status),
      code,
    ]);
  });

  test("of a tenant that is being made is told when to come back", async () => {
    const refusal: GateAnswer = {
      kind: "refused",
      statusCode: 503,
      code: "TenantProvisioning",
      message: "soon",
      retryAfterSeconds: 30,
    };
    const port = await startGate(1, {}, fixedGate(refusal));
    const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test"));
    expect(statusOf(answer)).toBe("HTTP/1.1 503 Service Unavailable");
    expect(answer).toContain("\r\nretry-after: 30\r\n");
  });

  test("is 502 without the application's address when nobody listens there", async () => {
    const port = await startGate(1);
    const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test"));
    expect(JSON.parse(bodyOf(answer))).toEqual({
      error: { code: "UpstreamUnavailable", message: "The application can't be reached." },
    });
    expect(statusOf(answer)).toBe("HTTP/1.1 502 Bad Gateway");
  });

  test("is 504 when the application takes too long, and the application's connection ends", async () => {
    let gone = 0;
    const application = await listen(
      http.createServer((request) => request.once("close", () => (gone += 1))),
    );
    const port = await startGate(application, { upstreamTimeoutMs: 50 });
    const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test"));
    expect(statusOf(answer)).toBe("HTTP/1.1 504 Gateway Timeout");
    await expect.poll(() => gone).toBe(1);
  });

  test("is cut when the application's answer is, never shortened to a whole one", async () => {
    const application = await listen(
      http.createServer((_, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("half", () => response.destroy());
      }),
    );
    const port = await startGate(application);
    const call = http.get({ port, host: "127.0.0.1", headers: { host: "acme.test" } });
    const [answer] = (await once(call, "response")) as [http.IncomingMessage];
    await expect(text(answer)).rejects.toThrow("aborted");
  });

  test("comes also when the application has closed the connection that was kept", async () => {
    const server = http.createServer((_, response) => response.end("here"));
    server.keepAliveTimeout = 60_000;
    const application = await listen(server);
    const port = await startGate(application);
    for (let round = 0; round < 5; round += 1) {
      const answer = await send(port, lines("GET / HTTP/1.1", "Host: acme.test", "Connection: close"));
      expect(bodyOf(answer)).toContain("here");
      server.closeAllConnections();
    }
  });
});

test("a client that goes away ends its request at the application", async () => {
  const ended: string[] = [];
  const application = await listen(
    http.createServer((request, response) => {
      response.write("begun");
      request.socket.once("close", () => ended.push(request.url ?? ""));
    }),
  );
  const port = await startGate(application);
  const call = http.get({ port, host: "127.0.0.1", path: "/long", headers: { host: "acme.test" } });
  await once(call, "response");
  call.destroy();
  await expect.poll(() => ended).toEqual(["/long"]);
});

test("a gate that is off passes on what it can't place, and no forged tenant", async () => {
  const off: Gate = { resolve: async () => ({ kind: "passThrough" }), close: async () => undefined };
  const port = await startGate(await startEcho(), {}, off);
  const answer = await send(
    port,
    lines("GET / HTTP/1.1", "Host: nobody.test", "X-Tenantry-Tenant: acme", "Connection: close"),
  );
  expect(JSON.parse(bodyOf(answer)).headers).toEqual([
    "host: nobody.test",
    "x-forwarded-for: 127.0.0.1",
    "x-forwarded-host: nobody.test",
    "x-forwarded-proto: http",
    "connection: keep-alive",
  ]);
});

test("the upstream can be another for each tenant", async () => {
  const echo = await startEcho();
  const port = await startGate(1, {
    upstream: (tenant) => `http://127.0.0.1:${tenant?.slug === "acme" ? echo : 1}`,
  });
  expect(statusOf(await send(port, lines("GET / HTTP/1.1", "Host: acme.test", "Connection: close")))).toBe(
    "HTTP/1.1 200 OK",
  );
});

test("a client that never ends its request is told so and loses its connection", async () => {
  const port = await startGate(await startEcho(), { requestTimeoutMs: 50 });
  const answer = await send(port, lines("POST / HTTP/1.1", "Host: acme.test", "Content-Length: 5"));
  expect(statusOf(answer)).toBe("HTTP/1.1 408 Request Timeout");
});
