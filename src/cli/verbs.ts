import type { Verb } from "./verb.ts";

/** A row of `tenantry --help`. Modules load when their verb is called, so that help costs nothing. */
export interface VerbRow {
  readonly name: string;
  readonly summary: string;
  readonly group: "Tenants" | "Operations" | "Look" | "Environment";
  readonly load: () => Promise<Verb>;
}

export const VERBS: readonly VerbRow[] = [
  {
    name: "up",
    group: "Tenants",
    summary: "apply entries: create, update, suspend or delete tenants",
    load: async () => (await import("./up.ts")).up,
  },
  {
    name: "preview",
    group: "Tenants",
    summary: "show what `up` would do, to whom, without doing it",
    load: async () => (await import("./preview.ts")).preview,
  },
  {
    name: "destroy",
    group: "Tenants",
    summary: "purge deleted tenants for good",
    load: async () => (await import("./destroy.ts")).destroy,
  },
  {
    name: "new",
    group: "Tenants",
    summary: "write a new entry to tenants/<slug>.yaml",
    load: async () => (await import("./new.ts")).newVerb,
  },
  {
    name: "suspend",
    group: "Operations",
    summary: "write `status: suspended` into an entry and apply it",
    load: async () => (await import("./suspend.ts")).suspend,
  },
  {
    name: "resume",
    group: "Operations",
    summary: "make a suspended tenant active again",
    load: async () => (await import("./resume.ts")).resume,
  },
  {
    name: "delete",
    group: "Operations",
    summary: "take a tenant out of service with a final backup; its data stay until retention is over",
    load: async () => (await import("./delete.ts")).deleteVerb,
  },
  {
    name: "undelete",
    group: "Operations",
    summary: "bring a deleted tenant back as it was, with its data",
    load: async () => (await import("./undelete.ts")).undelete,
  },
  {
    name: "offboard",
    group: "Operations",
    summary: "delete and purge a tenant in one, from whatever state it is in",
    load: async () => (await import("./offboard.ts")).offboard,
  },
  {
    name: "clear-cache",
    group: "Operations",
    summary: "make gates and services drop what they hold of a tenant",
    load: async () => (await import("./clearCache.ts")).clearCache,
  },
  {
    name: "invite",
    group: "Operations",
    summary: "send an admin a one-time sign-in link",
    load: async () => (await import("./invite.ts")).invite,
  },
  {
    name: "grant",
    group: "Operations",
    summary: "let an operator of the platform into a tenant",
    load: async () => (await import("./grant.ts")).grant,
  },
  {
    name: "rotate",
    group: "Operations",
    summary: "give a tenant a new password and secret version",
    load: async () => (await import("./rotate.ts")).rotate,
  },
  {
    name: "attach",
    group: "Operations",
    summary: "make a database that is there a tenant's, with its data",
    load: async () => (await import("./attach.ts")).attach,
  },
  {
    name: "dump",
    group: "Operations",
    summary: "copy a tenant's database into a file",
    load: async () => (await import("./dump.ts")).dump,
  },
  {
    name: "backup",
    group: "Operations",
    summary: "take, list and verify a tenant's backups",
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    name: "move",
    group: "Operations",
    summary: "move a tenant to another server",
    load: async () => (await import("./move.ts")).move,
  },
  {
    name: "repair",
    group: "Operations",
    summary: "name what diverges about a tenant, and mend it",
    load: async () => (await import("./repair.ts")).repair,
  },
  {
    name: "servers",
    group: "Operations",
    summary: "list, add, drain or set the database servers of an environment",
    load: async () => (await import("./servers.ts")).servers,
  },
  {
    name: "placement",
    group: "Operations",
    summary: "plan the moves that would level the servers",
    load: async () => (await import("./placement.ts")).placement,
  },
  {
    name: "maintain",
    group: "Operations",
    summary: "do all that is due: retries, mails, backups, purges, a look at every tenant",
    load: async () => (await import("./maintain.ts")).maintain,
  },
  {
    name: "restore",
    group: "Operations",
    summary: "put a backup's data in the place of a tenant's",
    load: async () => (await import("./restore.ts")).restore,
  },
  {
    name: "clean",
    group: "Operations",
    summary: "factory reset: delete everything in a tenant's database and seed it again",
    load: async () => (await import("./clean.ts")).clean,
  },
  {
    name: "export",
    group: "Look",
    summary: "print a tenant's configuration and registration as JSON",
    load: async () => (await import("./export.ts")).exportVerb,
  },
  {
    name: "certificate",
    group: "Look",
    summary: "print what was destroyed of a purged tenant, by whom, and what outlives it",
    load: async () => (await import("./certificate.ts")).certificate,
  },
  {
    name: "status",
    group: "Look",
    summary: "ask database, vault, DNS, CDN and master how tenants are",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "health",
    group: "Look",
    summary: "whether tenants are as they should be; `--watch` keeps looking",
    load: async () => (await import("./health.ts")).health,
  },
  {
    name: "list",
    group: "Look",
    summary: "list the entries of an environment and their records",
    load: async () => (await import("./list.ts")).list,
  },
  {
    name: "explain",
    group: "Look",
    summary: "show where a tenant's names, numbers and settings come from",
    load: async () => (await import("./explain.ts")).explain,
  },
  {
    name: "check",
    group: "Look",
    summary: "check entries, plans and an environment's config",
    load: async () => (await import("./check.ts")).check,
  },
  {
    name: "doctor",
    group: "Look",
    summary: "find what is wrong with this machine or environment, and say what to do",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "local",
    group: "Environment",
    summary: "start, stop, show or reset the local cloud",
    load: async () => (await import("./local.ts")).local,
  },
  {
    name: "pulumi",
    group: "Environment",
    summary: "run a Pulumi command on an environment's stacks",
    load: async () => (await import("./pulumi.ts")).pulumi,
  },
  {
    name: "completion",
    group: "Environment",
    summary: "print a script that completes words in bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion,
  },
];

/** Verbs of PRODUCT.md that are not built: refused by name instead of "unknown command". */
export const UNBUILT_VERBS: readonly string[] = ["migrate", "drift", "fleet", "jobs", "worker", "init"];
