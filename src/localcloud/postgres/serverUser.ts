import { readFileSync } from "node:fs";

/** Whom the server runs as when we are root: PostgreSQL refuses root, and needs a user that has a name. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Users that own nothing on a usual machine, best first. */
export const UNPRIVILEGED = ["nobody", "daemon"];

/** Undefined when this process may run PostgreSQL as itself, that is, when it isn't root's. */
export function serverUser(passwdPath = "/etc/passwd"): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = findServerUser(passwdPath);
  if (found !== undefined) return { uid: found.uid, gid: found.gid };
  throw new Error(
    `'${passwdPath}' has none of the users ${UNPRIVILEGED.join(", ")}: PostgreSQL refuses to run as root and needs another user.`,
  );
}

/** Whom root would run PostgreSQL as; undefined where the machine has no such user. */
export function findServerUser(
  passwdPath = "/etc/passwd",
): (ServerUser & { readonly name: string }) | undefined {
  const users = readFileSync(passwdPath, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = users.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
