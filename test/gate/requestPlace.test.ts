import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prefixesOf } from "../../src/gate/pathPrefix.ts";
import { normalizeHost, placeOf } from "../../src/gate/requestPlace.ts";
import { pathPrefix } from "../../src/tenant/values.ts";

describe("a host", () => {
  test.each([
    ["acme.tenants.test", "acme.tenants.test"],
    ["ACME.Tenants.TEST", "acme.tenants.test"],
    ["acme.tenants.test.", "acme.tenants.test"],
    ["acme.tenants.test:8080", "acme.tenants.test"],
    ["acme.tenants.test.:443", "acme.tenants.test"],
    ["xn--mnchen-3ya.example", "xn--mnchen-3ya.example"],
    [Buffer.from("MÜNCHEN.example").toString("latin1"), "xn--mnchen-3ya.example"],
    ["localhost", "localhost"],
  ])("'%s' is '%s'", (sent, meant) => {
    expect(normalizeHost(sent)).toBe(meant);
  });

  test.each([
    "",
    ":80",
    "acme..tenants.test",
    ".acme.tenants.test",
    "acme.tenants.test..",
    "acme.tenants.test:80:80",
    "acme.tenants.test:http",
    "someone@acme.tenants.test",
    "acme.tenants.test/globex",
    "acme.tenants.test\\globex",
    "acme.tenants.test#globex",
    "acme.tenants.test?globex",
    "%61cme.tenants.test",
    "acme.tenants.test, globex.tenants.test",
    "acme.tenants.test globex",
    "acme\u0000.tenants.test",
    `${"a".repeat(64)}.test`,
    `${"a.".repeat(140)}test`,
    Buffer.from([0xff, 0xfe]).toString("latin1"),
  ])("'%s' is none", (sent) => {
    expect(normalizeHost(sent)).toBeUndefined();
  });

  test("is the same when it is read again, whatever was sent", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain()), (text) => {
        const host = normalizeHost(text);
        if (host !== undefined) expect(normalizeHost(host)).toBe(host);
      }),
    );
  });
});

describe("a request's place", () => {
  const read = (url: string, ...rawHeaders: string[]) => placeOf({ url, rawHeaders });

  test("is its Host header and its path without the query", () => {
    expect(read("/a/b?c=/d", "Accept", "*/*", "hOsT", "Acme.test:80")).toEqual({
      kind: "place",
      host: "acme.test",
      path: "/a/b",
      target: "/a/b?c=/d",
    });
  });

  test("in absolute form is the same as in origin form", () => {
    const place = { kind: "place", host: "acme.test", path: "/a", target: "/a?b" };
    expect(read("http://ACME.test/a?b", "Host", "acme.test")).toEqual(place);
    expect(read("HTTPS://acme.test:443/a?b", "Host", "acme.test")).toEqual(place);
    expect(read("http://acme.test", "Host", "acme.test")).toEqual({ ...place, path: "/", target: "/" });
    expect(read("http://acme.test?b", "Host", "acme.test")).toEqual({ ...place, path: "/", target: "/?b" });
  });

  test.each([
    ["two hosts", "/", ["Host", "acme.test", "Host", "globex.test"], "Expected one Host header; got 2."],
    [
      "the same host twice",
      "/",
      ["Host", "acme.test", "host", "acme.test"],
      "Expected one Host header; got 2.",
    ],
    ["no host", "/", ["Accept", "host"], "Expected one Host header; got 0."],
    ["an empty host", "/", ["Host", ""], "Expected a host name in the Host header."],
    [
      "another host in an absolute target",
      "http://globex.test/",
      ["Host", "acme.test"],
      "Expected the same host in the request's target and its Host header.",
    ],
    [
      "a user in an absolute target",
      "http://acme.test@globex.test/",
      ["Host", "acme.test"],
      "Expected the same host in the request's target and its Host header.",
    ],
    ["an authority as target", "acme.test:443", ["Host", "acme.test"], "Expected a path."],
    ["another scheme", "ftp://acme.test/", ["Host", "acme.test"], "Expected a path."],
  ])("with %s is refused", (_, url, rawHeaders, message) => {
    expect(read(url, ...rawHeaders)).toEqual({
      kind: "refused",
      statusCode: 400,
      code: "BadRequest",
      message,
    });
  });
});

describe("the prefixes of a path", () => {
  test.each([
    ["/t/acme/reports/7", ["/t/acme/reports/7", "/t/acme/reports", "/t/acme", "/t"]],
    ["/t/acme/", ["/t/acme", "/t"]],
    ["/t/acme", ["/t/acme", "/t"]],
    ["/t/acmeX", ["/t"]],
    ["/t/acme-x", ["/t/acme-x", "/t"]],
    ["/T/acme", []],
    ["/", []],
    ["*", []],
    ["/a/b/c/d/e/f", ["/a/b/c/d", "/a/b/c", "/a/b", "/a"]],
  ])("of '%s' are its leading segments, the longest first", (path, prefixes) => {
    expect(prefixesOf(path)).toEqual(prefixes);
  });

  test.each([
    "/t/acme/../globex",
    "/t/acme/..",
    "/t/acme/./x",
    "/t/acme/..;a=b/globex",
    "/t/acme/%2e%2e/globex",
    "/t/acme/%2E./globex",
    "/t/acme%2f..%2fglobex",
    "/t/acme/..%5cglobex",
    "/t/acme\\..\\globex",
    "//t/acme",
    "/t//acme",
    "/t/acme/\u0000",
    "/t/acme/%00",
    "/t/acme/#/globex",
    "/t/acme/é",
  ])("of '%s' are none, for another server could read another path", (path) => {
    expect(prefixesOf(path)).toEqual([]);
  });

  test.each(["/t/acme", "/a", "/a/b/c/d", "/t_1/x-y"])("hold '%s', which an entry may have", (prefix) => {
    expect(pathPrefix.safeParse(prefix).success).toBe(true);
    expect(prefixesOf(`${prefix}/x`)).toContain(prefix);
  });

  test.each([
    "/",
    "t/acme",
    "/t/",
    "/T",
    "/t/acme/",
    "/a/b/c/d/e",
    "/t//acme",
    "/t/..",
    "/t/%61",
    `/${"a".repeat(100)}`,
  ])("hold not '%s', which no entry may have", (prefix) => {
    expect(pathPrefix.safeParse(prefix).success).toBe(false);
    expect(prefixesOf(prefix)).not.toContain(prefix);
  });

  test("are each followed by a slash or the path's end", () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        for (const prefix of prefixesOf(path))
          expect(path === prefix || path.startsWith(`${prefix}/`)).toBe(true);
      }),
    );
  });
});
