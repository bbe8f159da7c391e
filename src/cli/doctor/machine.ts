import { cloudFindings } from "./cloud.ts";
import { broken, type Finding, fine, notice } from "./finding.ts";
import type { MachineFacts } from "./machineFacts.ts";

/** Oldest Node that package.json allows. */
const OLDEST_NODE = { major: 20, minor: 19 };
/** A local cloud with three tenants takes about 300 MB. */
const LEAST_FREE_BYTES = 1024 ** 3;

/** What a machine's facts mean and what to do. Pure. */
export function findingsOf(facts: MachineFacts): readonly Finding[] {
  return [
    nodeFinding(facts),
    ...facts.disks.map(spaceFinding),
    userFinding(facts),
    engineFinding(facts),
    backupFinding(facts),
    bundleFinding(facts),
    ...(facts.cloud === undefined ? [] : cloudFindings(facts.cloud)),
  ];
}

function nodeFinding({ nodeVersion }: MachineFacts): Finding {
  const [major = 0, minor = 0] = nodeVersion.slice(1).split(".").map(Number);
  const isOld = major < OLDEST_NODE.major || (major === OLDEST_NODE.major && minor < OLDEST_NODE.minor);
  if (!isOld) return fine("Node", nodeVersion);
  return broken("Node", nodeVersion, `Install Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or newer.`);
}

function spaceFinding({ folder, freeBytes }: MachineFacts["disks"][number]): Finding {
  const found = `${(freeBytes / 1024 ** 3).toFixed(1)} GB free at ${folder}`;
  if (freeBytes >= LEAST_FREE_BYTES) return fine("disk", found);
  return broken("disk", found, "Free at least 1 GB: databases and backups are written here.");
}

function userFinding({ isRoot, cloud }: MachineFacts): Finding {
  if (cloud === undefined) return fine("user", isRoot ? "root" : "ordinary user");
  if (!isRoot) return fine("user", "ordinary user; PostgreSQL runs as the same");
  const { known, found } = cloud.serverUsers;
  if (found !== undefined) return fine("user", `root; PostgreSQL refuses root and runs as '${found}'`);
  return broken(
    "user",
    `root, and none of ${known.join(", ")} exists`,
    "PostgreSQL refuses to run as root: add an unprivileged user (`adduser --system nobody`), or run as an ordinary user.",
  );
}

function engineFinding({ environment, engine }: MachineFacts): Finding {
  const { chosen, isAsked, officialPath } = engine;
  const why = isAsked
    ? "`--engine` asked for it"
    : chosen === "embedded"
      ? `'${environment}' is this machine, where it costs a tenth`
      : `'${environment}' is a real cloud`;
  if (chosen === "official" && officialPath === undefined) {
    return broken(
      "engine",
      `official, because ${why}; there is no \`pulumi\` on PATH`,
      "Install Pulumi's CLI, or name it in TENANTRY_PULUMI.",
    );
  }
  const beside =
    officialPath === undefined ? "no official `pulumi` on PATH" : `official \`pulumi\` at ${officialPath}`;
  return fine("engine", `${chosen}, because ${why}; ${beside}`);
}

function backupFinding({ pgDumpPath }: MachineFacts): Finding {
  if (pgDumpPath !== undefined)
    return fine("pg_dump", `${pgDumpPath}, used where it is as new as the server`);
  return notice(
    "pg_dump",
    "not on PATH; backups are tenantry's own archives",
    "Install PostgreSQL's client tools for backups that every tool reads.",
  );
}

function bundleFinding({ bundles: { folder, isOff, isWritable, damaged } }: MachineFacts): Finding {
  const what = "program";
  if (damaged.length > 0)
    return notice(
      what,
      `damaged: ${damaged.join(", ")}`,
      "Delete what is damaged, or leave it: a run that comes upon it makes it anew.",
    );
  if (isOff)
    return notice(
      what,
      "TENANTRY_BUNDLE=off: every run compiles the sources and begins 1 s later",
      "Unset it.",
    );
  if (isWritable) return fine(what, `kept compiled in ${folder}`);
  return notice(
    what,
    `${folder} can't be written: after an edit every run compiles the sources and begins 1 s later`,
    `Make it writable for this user (\`chown -R "$(id -u)" ${folder}\`).`,
  );
}
