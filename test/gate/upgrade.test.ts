import http from "node:http";
import net from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { closeAll, lines, listen, pairs, send, startEcho, startGate, statusOf } from "./support.ts";

afterEach(closeAll);

describe("an upgrade", () => {
  const upgrade = (host: string) =>
    lines(
      "GET /socket HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: abc",
    );

  async function startSocketApplication(): Promise<{ port: number; seen: string[][] }> {
    const seen: string[][] = [];
    const server = http.createServer();
    server.on("upgrade", (request, socket) => {
      seen.push(pairs(request.rawHeaders));
      socket.write(
        lines(
          "HTTP/1.1 101 Switching Protocols",
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Accept: def",
        ),
      );
      socket.pipe(socket);
    });
    return { port: await listen(server), seen };
  }

  test("joins the client and the application, who then say what they like", async () => {
    const { port: application, seen } = await startSocketApplication();
    const socket = net.connect(await startGate(application), "127.0.0.1");
    socket.setEncoding("utf8");
    socket.write(upgrade("acme.test"));
    let heard = "";
    socket.on("data", (chunk: string) => (heard += chunk));
    await expect.poll(() => heard).toContain("Sec-WebSocket-Accept: def\r\n");
    expect(heard.split("\r\n", 1)).toEqual(["HTTP/1.1 101 Switching Protocols"]);
    socket.write("hello");
    await expect.poll(() => heard.endsWith("\r\n\r\nhello")).toBe(true);
    expect(seen[0]).toEqual(
      expect.arrayContaining(["x-tenantry-tenant: acme", "upgrade: websocket", "sec-websocket-key: abc"]),
    );
    socket.destroy();
  });

  test("of an unknown host is refused as a request is", async () => {
    const { port: application, seen } = await startSocketApplication();
    const answer = await send(await startGate(application), upgrade("nobody.test"));
    expect([statusOf(answer), seen]).toEqual(["HTTP/1.1 404 Not Found", []]);
  });

  test("that the application doesn't want gets its answer", async () => {
    const answer = await send(await startGate(await startEcho()), upgrade("acme.test"));
    expect(statusOf(answer)).toBe("HTTP/1.1 200 OK");
  });
});
