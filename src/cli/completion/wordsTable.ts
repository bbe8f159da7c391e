import { ROLE_NAMES } from "../../tenant/identitySeeds.ts";

/** What completion knows of a verb without loading it; a test compares it with the verbs' own words. */
export interface VerbWords {
  /** Its own options beside the common ones. */
  readonly options: readonly string[];
  /** What its arguments name; undefined where nothing can be offered. */
  readonly arguments?: ArgumentKind | readonly string[];
}

/** `slugs` go on and on; of the others only the first argument is one. */
export type ArgumentKind = "slugs" | "localActions" | "shells";

/** Options that every verb takes. */
export const COMMON_OPTIONS = ["--env", "--engine", "--json", "--wait", "--help"] as const;

/** What follows each option that takes a value: a kind of name, or one of these words; `free` is what nobody can guess. */
export const VALUES_OF: Readonly<Record<string, ValueKind | readonly string[]>> = {
  "--env": "environments",
  "--engine": ["embedded", "official"],
  "--confirm": "slugs",
  "--identity": ["owner", "deployer", "previewer", "none"],
  "--plan": "plans",
  "--parallel": "free",
  "--server": "free",
  "--to": "free",
  "--region": "free",
  "--capacity-hint": "free",
  "--max-connections": "free",
  "--tenant-connections": "free",
  "--status": ["active", "draining", "inactive"],
  "--sku": "free",
  "--tier": ["Burstable", "GeneralPurpose", "MemoryOptimized"],
  "--storage-gb": "free",
  "--host": "free",
  "--port": "free",
  "--display-name": "free",
  "--admin-email": "free",
  "--legal-name": "free",
  "--email": "free",
  "--operator": "free",
  "--role": ROLE_NAMES,
  "--reason": "free",
  "--interval": "free",
  "--file": "free",
  "--id": "free",
  "--job": "free",
  "--from": "free",
  "--life": "free",
  "--database": "free",
  "--from-database": "free",
};

export type ValueKind = "environments" | "slugs" | "plans" | "free";

export const WORDS: Readonly<Record<string, VerbWords>> = {
  up: { options: ["--parallel", "--all", "--platform", "--dry-run", "--refresh"], arguments: "slugs" },
  preview: {
    options: ["--parallel", "--all", "--platform", "--exit-code", "--refresh", "--offline"],
    arguments: "slugs",
  },
  destroy: { options: ["--parallel", "--all", "--platform", "--purge", "--confirm"], arguments: "slugs" },
  new: { options: ["--display-name", "--admin-email", "--legal-name", "--plan", "--up"] },
  suspend: { options: ["--reason"], arguments: "slugs" },
  resume: { options: [], arguments: "slugs" },
  delete: { options: [], arguments: "slugs" },
  undelete: { options: [], arguments: "slugs" },
  offboard: { options: ["--purge", "--confirm"], arguments: "slugs" },
  "clear-cache": { options: [], arguments: "slugs" },
  invite: { options: ["--resend", "--email"], arguments: "slugs" },
  grant: { options: ["--operator", "--role", "--revoke"], arguments: "slugs" },
  attach: {
    options: [
      ...["--database", "--server", "--display-name", "--admin-email", "--legal-name", "--plan"],
      ...["--from", "--migrate", "--dry-run"],
    ],
    arguments: "slugs",
  },
  dump: { options: ["--file", "--no-wait", "--job"], arguments: "slugs" },
  backup: { options: ["--id"], arguments: "slugs" },
  rotate: { options: ["--server"], arguments: "slugs" },
  repair: { options: ["--rebuild-master", "--yes"], arguments: "slugs" },
  move: { options: ["--to"], arguments: "slugs" },
  servers: {
    options: [
      ...["--region", "--capacity-hint", "--max-connections", "--tenant-connections", "--status"],
      ...["--sku", "--tier", "--storage-gb", "--host", "--port"],
    ],
    arguments: ["list", "add", "drain", "set"],
  },
  placement: { options: [], arguments: ["plan"] },
  maintain: { options: ["--dry-run"] },
  restore: { options: ["--file", "--database", "--from-database"], arguments: "slugs" },
  clean: { options: ["--confirm"], arguments: "slugs" },
  export: { options: [], arguments: "slugs" },
  certificate: { options: ["--life"], arguments: "slugs" },
  status: { options: ["--all"], arguments: "slugs" },
  health: { options: ["--all", "--watch", "--interval"], arguments: "slugs" },
  list: { options: ["--offline"] },
  explain: { options: [], arguments: "slugs" },
  check: { options: [], arguments: "slugs" },
  doctor: { options: [] },
  local: { options: ["--identity"], arguments: "localActions" },
  pulumi: { options: [] },
  completion: { options: ["--words"], arguments: "shells" },
};
