import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import path from "node:path";

/** Where one local cloud keeps everything; paths only, nothing is made. */
export interface Home {
  /** 0700 when it was made by us; all in it is, anyway. */
  readonly folder: string;
  /** The store's journal. */
  readonly state: string;
  /** What a running daemon says about itself. */
  readonly run: string;
  readonly log: string;
  /** Certificates and keys; 0600. */
  readonly keys: string;
  /** Pulumi's file backend. */
  readonly backend: string;
  /** PostgreSQL's binaries and data: reachable by the server's own user. */
  readonly postgres: string;
}

/** Environment variable that moves the home. */
export const HOME_VARIABLE = "TENANTRY_HOME";

/** The home of a project: `folder`, else `TENANTRY_HOME`, else `<root>/.tenantry/local`. */
export function homeOf(root: string, folder = process.env[HOME_VARIABLE]): Home {
  const resolved = folder ? path.resolve(folder) : path.join(path.resolve(root), ".tenantry", "local");
  return {
    folder: resolved,
    state: path.join(resolved, "state"),
    run: path.join(resolved, "run"),
    log: path.join(resolved, "log"),
    keys: path.join(resolved, "keys"),
    backend: path.join(resolved, "backend"),
    postgres: postgresPlace(resolved),
  };
}

/** As root the server runs as another user, who may be unable to reach the home: root's checkout is often closed. */
function postgresPlace(folder: string): string {
  if (process.getuid?.() !== 0) return path.join(folder, "postgres");
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return path.join("/var/tmp", `tenantry-${hash}`);
}

/** Makes what is missing of the home's folders, closed to everybody else. */
export async function makeHome(home: Home): Promise<void> {
  for (const folder of [home.folder, home.state, home.run, home.log, home.keys, home.backend]) {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  }
}
