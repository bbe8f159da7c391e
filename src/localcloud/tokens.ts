import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { DEFAULT_IDENTITY, IDENTITY_NAMES, PRINCIPALS, type Principal } from "./roles/identities.ts";
import type { Tokens } from "./service.ts";

/** As managed identities' tokens on Azure: the SDKs renew half-way. */
const LIFETIME_S = 24 * 60 * 60;

/** Signed access tokens (JWT, HS256): a token of another home or a made-up one is refused. */
export function openTokens(key: Buffer, now: () => number = Date.now): Tokens {
  return {
    issue: (resource, identity = DEFAULT_IDENTITY) => issue(key, resource, PRINCIPALS[identity], now()),
    principalOf: (header, resources) => {
      const token = /^Bearer (\S+)$/i.exec(header ?? "")?.[1];
      const claims = token === undefined ? undefined : verify(key, token);
      if (claims === undefined || claims.exp * 1000 <= now()) return undefined;
      if (!resources.some((resource) => originOf(resource) === originOf(claims.aud))) return undefined;
      const name = IDENTITY_NAMES.find((each) => PRINCIPALS[each].objectId === claims.oid);
      return name === undefined ? undefined : PRINCIPALS[name];
    },
  };
}

interface Claims {
  readonly aud: string;
  readonly exp: number;
  readonly oid: string;
}

function issue(
  key: Buffer,
  resource: string,
  { name, objectId, clientId }: Principal,
  nowMs: number,
): string {
  const seconds = Math.floor(nowMs / 1000);
  const header = encode({ typ: "JWT", alg: "HS256" });
  const claims = {
    aud: resource,
    iss: "https://localcloud.tenantry.test/",
    iat: seconds,
    nbf: seconds,
    exp: seconds + LIFETIME_S,
    jti: randomUUID(),
    oid: objectId,
    appid: clientId,
    name,
  };
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${sign(key, signed)}`;
}

function verify(key: Buffer, token: string): Claims | undefined {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const expected = Buffer.from(sign(key, `${header}.${claims}`));
  const got = Buffer.from(signature);
  if (got.length !== expected.length || !timingSafeEqual(got, expected)) return undefined;
  return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Claims;
}

/** When a token issued here ends, in seconds since 1970. */
export function expiryOf(token: string): number {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Claims;
  return claims.exp;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function sign(key: Buffer, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

/** `https://vault.azure.net/` and `https://vault.azure.net` are one resource. */
function originOf(resource: string): string {
  return resource.toLowerCase().replace(/\/+$/, "");
}
