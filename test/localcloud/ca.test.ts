import { X509Certificate } from "node:crypto";
import * as fs from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { caFileOf, openCertificate } from "../../src/localcloud/ca/index.ts";
import { makeHome } from "../../src/localcloud/home.ts";
import { temporaryHome } from "./temporaryHome.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
let home: Awaited<ReturnType<typeof temporaryHome>>;

beforeEach(async () => {
  home = await temporaryHome();
  await makeHome(home);
});

afterEach(async () => {
  await home.remove();
});

/** Asks a TLS server with that certificate at a host name. */
async function ask(made: { cert: string; key: string }, host: string, ca?: string): Promise<string> {
  const server = https
    .createServer({ cert: made.cert, key: made.key }, (_, response) => response.end("hello"))
    .listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve, reject) => {
      const options = { host, port, agent: false, ...(ca === undefined ? {} : { ca }) };
      https
        .get(options, (response) => response.on("data", (text) => resolve(String(text))))
        .on("error", reject);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("certificate authority", () => {
  test("its certificate is good for 127.0.0.1 and localhost with the authority, and for nobody else", async () => {
    const made = await openCertificate(home.keys);
    expect(await ask(made, "127.0.0.1", made.ca)).toBe("hello");
    expect(await ask(made, "localhost", made.ca)).toBe("hello");
    await expect(ask(made, "127.0.0.1")).rejects.toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(new X509Certificate(made.cert).checkHost("example.com")).toBeUndefined();
    const authority = new X509Certificate(made.ca);
    expect([authority.ca, authority.verify(authority.publicKey)]).toEqual([true, true]);
    expect(await fs.readFile(caFileOf(home.keys), "utf8")).toBe(made.ca);
  });

  test("it is the same the next time, and its files are closed to others", async () => {
    const made = await openCertificate(home.keys);
    expect(await openCertificate(home.keys)).toEqual(made);
    for (const name of await fs.readdir(home.keys)) {
      expect((await fs.stat(path.join(home.keys, name))).mode & 0o777, name).toBe(0o600);
    }
  });

  test("a certificate near its end is renewed by the same authority, and the authority near its own", async () => {
    const made = await openCertificate(home.keys);
    const later = await openCertificate(home.keys, () => Date.now() + 800 * DAY_MS);
    expect(later.ca).toBe(made.ca);
    expect(later.cert).not.toBe(made.cert);
    const muchLater = await openCertificate(home.keys, () => Date.now() + 3640 * DAY_MS);
    expect(muchLater.ca).not.toBe(made.ca);
    expect(new X509Certificate(muchLater.cert).verify(new X509Certificate(muchLater.ca).publicKey)).toBe(
      true,
    );
  });

  test("a crash between the two files of a pair is put right", async () => {
    const made = await openCertificate(home.keys);
    await fs.rm(path.join(home.keys, "server.pem"));
    await fs.rm(path.join(home.keys, "ca.key"));
    const again = await openCertificate(home.keys);
    expect(again.ca).not.toBe(made.ca);
    expect(await ask(again, "127.0.0.1", again.ca)).toBe("hello");
  });
});
