import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import { writePrivately } from "../keyFile.ts";
import { makeCertificate } from "./certificate.ts";

/** PEM texts for a TLS server on this machine. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** The authority that clients must trust. */
  readonly ca: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
/** Apple's limit for trusted server certificates. */
const SERVER_DAYS = 825;
/** A certificate is renewed this long before its end. */
const RENEW_DAYS = 30;
/** Clients' clocks may be a little behind. */
const BACKDATE_MS = 60 * 60 * 1000;
const AUTHORITY_NAME = "tenantry local cloud";

/** File with the authority's certificate, for `NODE_EXTRA_CA_CERTS`. */
export function caFileOf(keys: string): string {
  return path.join(keys, "ca.pem");
}

/** The home's own authority and its certificate for 127.0.0.1 and localhost; made once, renewed before they end. */
export async function openCertificate(
  keys: string,
  now: () => number = Date.now,
): Promise<ServerCertificate> {
  const authority = await ensurePair(
    caFileOf(keys),
    path.join(keys, "ca.key"),
    now(),
    undefined,
    makeAuthority,
  );
  const files = [path.join(keys, "server.pem"), path.join(keys, "server.key")] as const;
  const server = await ensurePair(...files, now(), authority, (nowMs) => makeServer(authority, nowMs));
  return { ...server, ca: authority.cert };
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function ensurePair(
  certFile: string,
  keyFile: string,
  nowMs: number,
  issuer: Pair | undefined,
  make: (nowMs: number) => Pair,
): Promise<Pair> {
  const [cert, key] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)]);
  if (cert !== undefined && key !== undefined && isUsable(cert, key, nowMs, issuer)) return { cert, key };
  const made = make(nowMs);
  await writePrivately(keyFile, made.key);
  await writePrivately(certFile, made.cert);
  return made;
}

function isUsable(cert: string, key: string, nowMs: number, issuer: Pair | undefined): boolean {
  const certificate = new X509Certificate(cert);
  const isLongEnough = Date.parse(certificate.validTo) - RENEW_DAYS * DAY_MS > nowMs;
  const signer = issuer === undefined ? certificate : new X509Certificate(issuer.cert);
  return (
    isLongEnough && certificate.checkPrivateKey(createPrivateKey(key)) && certificate.verify(signer.publicKey)
  );
}

function makeAuthority(nowMs: number): Pair {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cert = makeCertificate({
    subject: AUTHORITY_NAME,
    issuer: AUTHORITY_NAME,
    publicKey: keys.publicKey,
    issuerKeys: keys,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    use: { kind: "authority" },
  });
  return { cert, key: pemOf(keys.privateKey) };
}

function makeServer(authority: Pair, nowMs: number): Pair {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKey = createPrivateKey(authority.key);
  const cert = makeCertificate({
    subject: "localhost",
    issuer: AUTHORITY_NAME,
    publicKey: keys.publicKey,
    issuerKeys: { privateKey, publicKey: createPublicKey(privateKey) },
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + SERVER_DAYS * DAY_MS),
    use: { kind: "server", dnsNames: ["localhost"], ipv4Addresses: ["127.0.0.1"] },
  });
  return { cert, key: pemOf(keys.privateKey) };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
