import { existsSync, statfsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chooseEngine, officialPath } from "../../deploy/index.ts";
import type { CommonOptions } from "../verb.ts";
import type { Finding } from "./finding.ts";

/** Oldest Node that package.json allows. */
const OLDEST_NODE = { major: 20, minor: 19 };
/** A local cloud with three tenants takes about 300 MB. */
const LEAST_FREE_BYTES = 1024 ** 3;
/** Users that PostgreSQL may run as where the caller is root. */
const UNPRIVILEGED_USERS = ["nobody", "postgres", "daemon"];

/** What can be known before anything is started. */
export async function machineFindings(options: CommonOptions, root: string): Promise<readonly Finding[]> {
  return [nodeFinding(), spaceFinding(root), await userFinding(), engineFinding(options), backupFinding()];
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOld = major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor);
  const found = process.version;
  if (!isOld) return { what: "Node", state: "fine", found };
  return {
    what: "Node",
    state: "broken",
    found,
    remedy: `Install Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or newer.`,
  };
}

function spaceFinding(root: string): Finding {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  const found = `${(free / 1024 ** 3).toFixed(1)} GB free at ${root}`;
  if (free >= LEAST_FREE_BYTES) return { what: "disk", state: "fine", found };
  return {
    what: "disk",
    state: "broken",
    found,
    remedy: "Free at least 1 GB: databases and backups are written here.",
  };
}

async function userFinding(): Promise<Finding> {
  if (process.getuid?.() !== 0)
    return { what: "user", state: "fine", found: "ordinary user; PostgreSQL runs as the same" };
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":")[0]);
  const user = UNPRIVILEGED_USERS.find((name) => users.includes(name));
  if (user !== undefined)
    return {
      what: "user",
      state: "fine",
      found: "root; PostgreSQL refuses root and runs as an unprivileged user",
    };
  return {
    what: "user",
    state: "broken",
    found: `root, and none of ${UNPRIVILEGED_USERS.join(", ")} exists`,
    remedy:
      "PostgreSQL refuses to run as root: add an unprivileged user (`adduser --system nobody`), or run as an ordinary user.",
  };
}

function engineFinding({ env, engine }: CommonOptions): Finding {
  const chosen = chooseEngine(env, engine);
  const official = officialPath(process.env);
  const why = engine === undefined ? `default of '${env}'` : "asked for";
  if (chosen === "official" && official === undefined) {
    return {
      what: "engine",
      state: "broken",
      found: `official (${why}), and there is no \`pulumi\` on PATH`,
      remedy: "Install Pulumi's CLI, or name it in TENANTRY_PULUMI.",
    };
  }
  const beside =
    official === undefined ? "no official `pulumi` on PATH" : `official \`pulumi\` at ${official}`;
  return { what: "engine", state: "fine", found: `${chosen} (${why}); ${beside}` };
}

function backupFinding(): Finding {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "pg_dump"))
    .find((file) => existsSync(file));
  if (path !== undefined)
    return { what: "pg_dump", state: "fine", found: `${path}, used where it is as new as the server` };
  return {
    what: "pg_dump",
    state: "notice",
    found: "not on PATH; backups are tenantry's own archives",
    remedy: "Install PostgreSQL's client tools for backups that every tool reads.",
  };
}
