import { createHash, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8,
} from "./der.ts";

// Why not a library: the ones there are take as long to load as everything else of the daemon together.

/** What a certificate says (RFC 5280), for ECDSA keys on P-256. */
export interface CertificateOrder {
  /** Common names. */
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  /** The issuer's keys. */
  readonly issuerKeys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** An authority signs certificates of servers only; a server answers at these names. */
  readonly use:
    | { readonly kind: "authority" }
    | {
        readonly kind: "server";
        readonly dnsNames: readonly string[];
        readonly ipv4Addresses: readonly string[];
      };
}

const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const VERSION_3 = explicit(0, integer(Buffer.from([2])));
const SERIAL_BYTES = 16;

/** Bits of KeyUsage, and how many of the byte's last bits don't count. */
const SIGN_CERTIFICATES_AND_LISTS = bitString(Buffer.from([0x06]), 1);
const SIGN_DATA = bitString(Buffer.from([0x80]), 7);

/** Makes and signs a certificate. PEM. */
export function makeCertificate(order: CertificateOrder): string {
  const body = sequence(
    VERSION_3,
    integer(Buffer.concat([Buffer.from([1]), randomBytes(SERIAL_BYTES - 1)])),
    ECDSA_WITH_SHA256,
    commonName(order.issuer),
    sequence(time(order.notBefore), time(order.notAfter)),
    commonName(order.subject),
    order.publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions(order))),
  );
  const signature = sign("sha256", body, order.issuerKeys.privateKey);
  const der = sequence(body, ECDSA_WITH_SHA256, bitString(signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8(name))));
}

function extensions({ use, publicKey, issuerKeys }: CertificateOrder): Buffer[] {
  const ids = [
    extension("2.5.29.14", octetString(keyId(publicKey))),
    extension("2.5.29.35", sequence(implicit(0, keyId(issuerKeys.publicKey)))),
  ];
  if (use.kind === "authority") {
    const noAuthorityBelow = integer(Buffer.from([0]));
    return [
      critical("2.5.29.19", sequence(boolean(true), noAuthorityBelow)),
      critical("2.5.29.15", SIGN_CERTIFICATES_AND_LISTS),
      ...ids,
    ];
  }
  const names = use.dnsNames.map((name) => implicit(2, Buffer.from(name)));
  const addresses = use.ipv4Addresses.map((address) =>
    implicit(7, Buffer.from(address.split(".").map(Number))),
  );
  return [
    critical("2.5.29.19", sequence()),
    critical("2.5.29.15", SIGN_DATA),
    extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
    extension("2.5.29.17", sequence(...names, ...addresses)),
    ...ids,
  ];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), octetString(value));
}

function critical(id: string, value: Buffer): Buffer {
  return sequence(oid(id), boolean(true), octetString(value));
}

/** Any unique number would do; a hash of the key is what everybody uses. */
function keyId(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}
