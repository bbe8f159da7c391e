// @peculiar/x509 builds on tsyringe, which needs this before it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";
import * as x509 from "@peculiar/x509";
import { writePrivately } from "./keyFile.ts";

/** PEM texts for a TLS server on this machine. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** The authority that clients must trust. */
  readonly ca: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const CA_DAYS = 3650;
/** Apple's limit for trusted server certificates. */
const SERVER_DAYS = 825;
/** A certificate is renewed this long before its end. */
const RENEW_DAYS = 30;
/** Clients' clocks may be a little behind. */
const BACKDATE_MS = 60 * 60 * 1000;

/** File with the authority's certificate, for `NODE_EXTRA_CA_CERTS`. */
export function caFileOf(keys: string): string {
  return path.join(keys, "ca.pem");
}

/** The home's own authority and its certificate for 127.0.0.1 and localhost; made once, renewed before they end. */
export async function openCertificate(
  keys: string,
  now: () => number = Date.now,
): Promise<ServerCertificate> {
  const authority = await ensurePair(caFileOf(keys), path.join(keys, "ca.key"), now, () =>
    makeAuthority(now()),
  );
  const certFile = path.join(keys, "server.pem");
  const server = await ensurePair(
    certFile,
    path.join(keys, "server.key"),
    now,
    () => makeServer(authority, now()),
    authority,
  );
  return { ...server, ca: authority.cert };
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

async function ensurePair(
  certFile: string,
  keyFile: string,
  now: () => number,
  make: () => Promise<Pair>,
  issuer?: Pair,
): Promise<Pair> {
  const [cert, key] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)]);
  if (cert !== undefined && key !== undefined && (await isUsable(cert, now(), issuer))) return { cert, key };
  const made = await make();
  await writePrivately(keyFile, made.key);
  await writePrivately(certFile, made.cert);
  return made;
}

async function isUsable(cert: string, nowMs: number, issuer: Pair | undefined): Promise<boolean> {
  const certificate = new x509.X509Certificate(cert);
  if (certificate.notAfter.getTime() - RENEW_DAYS * DAY_MS < nowMs) return false;
  if (issuer === undefined) return true;
  const publicKey = new x509.X509Certificate(issuer.cert).publicKey;
  return certificate.verify({ publicKey, signatureOnly: true });
}

async function makeAuthority(nowMs: number): Promise<Pair> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=tenantry local cloud",
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(keys) };
}

async function makeServer(authority: Pair, nowMs: number): Promise<Pair> {
  const keys = await generateKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const cert = await x509.X509CertificateGenerator.create({
    subject: "CN=localhost",
    issuer: issuer.subject,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + SERVER_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false),
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(keys) };
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function exportKey(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return x509.PemConverter.encode(bytes, "PRIVATE KEY");
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [bytes] = x509.PemConverter.decode(pem);
  if (bytes === undefined) throw new Error("The local cloud's authority has no key.");
  return webcrypto.subtle.importKey("pkcs8", bytes, ALGORITHM, true, ["sign"]);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
