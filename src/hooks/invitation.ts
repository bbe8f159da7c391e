import { createHash, randomBytes } from "node:crypto";

/** A one-time sign-in link is good for this long. */
export const INVITATION_DAYS = 7;

const TOKEN_BYTES = 32;

/** Random part of a link. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** `https://<host>/invitation/<token>`. */
export function invitationLink(host: string, token: string): string {
  return `https://${host}/invitation/${token}`;
}

/** Hash of a link's token as the tenant's database keeps it, in hex. */
export function hashOfLink(link: string): string {
  const token = link.slice(link.lastIndexOf("/") + 1);
  return createHash("sha256").update(token).digest("hex");
}
