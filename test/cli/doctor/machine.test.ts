import { describe, expect, test } from "vitest";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { findingsOf } from "../../../src/cli/doctor/machine.ts";
import type { MachineFacts } from "../../../src/cli/doctor/machineFacts.ts";

const GIB = 1024 ** 3;

const CLOUD = {
  home: "/home/me/shop/.tenantry/local",
  place: "/home/me/shop/.tenantry/local/postgres",
  serverUsers: { known: ["nobody", "daemon"], found: "nobody" },
  state: "running",
  pid: 4711,
  takenPorts: [],
  servers: [{ name: "db-01", isRunning: true }],
} as const satisfies MachineFacts["cloud"];

const SOUND: MachineFacts = {
  environment: "local",
  nodeVersion: "v20.20.2",
  isRoot: false,
  disks: [{ folder: "/home", freeBytes: 69 * GIB }],
  engine: { chosen: "embedded", isAsked: false },
  pgDumpPath: "/usr/bin/pg_dump",
  bundles: {
    folder: "/home/me/shop/node_modules/.cache/tenantry",
    isOff: false,
    isWritable: true,
    damaged: [],
  },
  cloud: CLOUD,
};

/** What is not fine. */
function wrong(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ state }) => state !== "fine");
}

function machine(changes: Partial<MachineFacts>): Finding[] {
  return wrong(findingsOf({ ...SOUND, ...changes }));
}

function cloud(changes: Partial<NonNullable<MachineFacts["cloud"]>>): Finding[] {
  return machine({ cloud: { ...CLOUD, ...changes } });
}

describe("a sound machine", () => {
  test("has nothing but what is fine, each said with its why", () => {
    expect(findingsOf(SOUND)).toEqual([
      { what: "Node", state: "fine", found: "v20.20.2" },
      { what: "disk", state: "fine", found: "69.0 GB free at /home" },
      { what: "user", state: "fine", found: "ordinary user; PostgreSQL runs as the same" },
      {
        what: "engine",
        state: "fine",
        found:
          "embedded, because 'local' is this machine, where it costs a tenth; no official `pulumi` on PATH",
      },
      { what: "pg_dump", state: "fine", found: "/usr/bin/pg_dump, used where it is as new as the server" },
      {
        what: "program",
        state: "fine",
        found: "kept compiled in /home/me/shop/node_modules/.cache/tenantry",
      },
      { what: "local cloud", state: "fine", found: "runs, process 4711" },
    ]);
  });

  test("of another environment has no local cloud", () => {
    const { cloud: _, ...facts } = SOUND;
    const engine = { chosen: "official", isAsked: false, officialPath: "/usr/bin/pulumi" } as const;
    expect(
      findingsOf({ ...facts, environment: "prod", engine }).map(({ what, found }) => [what, found]),
    ).toEqual([
      ["Node", "v20.20.2"],
      ["disk", "69.0 GB free at /home"],
      ["user", "ordinary user"],
      ["engine", "official, because 'prod' is a real cloud; official `pulumi` at /usr/bin/pulumi"],
      ["pg_dump", "/usr/bin/pg_dump, used where it is as new as the server"],
      ["program", "kept compiled in /home/me/shop/node_modules/.cache/tenantry"],
    ]);
  });
});

describe("what the doctor finds on a machine, and what to do", () => {
  test.each<[string, Finding[], Finding]>([
    [
      "an old Node",
      machine({ nodeVersion: "v20.18.3" }),
      { what: "Node", state: "broken", found: "v20.18.3", remedy: "Install Node 20.19 or newer." },
    ],
    [
      "a Node of an older major version with a newer minor one",
      machine({ nodeVersion: "v18.99.0" }),
      { what: "Node", state: "broken", found: "v18.99.0", remedy: "Install Node 20.19 or newer." },
    ],
    [
      "no space",
      machine({ disks: [{ folder: "/var/tmp", freeBytes: 0.9 * GIB }] }),
      {
        what: "disk",
        state: "broken",
        found: "0.9 GB free at /var/tmp",
        remedy: "Free at least 1 GB: databases and backups are written here.",
      },
    ],
    [
      "root without an unprivileged user",
      machine({ isRoot: true, cloud: { ...CLOUD, serverUsers: { known: ["nobody", "daemon"] } } }),
      {
        what: "user",
        state: "broken",
        found: "root, and none of nobody, daemon exists",
        remedy:
          "PostgreSQL refuses to run as root: add an unprivileged user (`adduser --system nobody`), or run as an ordinary user.",
      },
    ],
    [
      "an official engine that isn't installed",
      machine({ engine: { chosen: "official", isAsked: true } }),
      {
        what: "engine",
        state: "broken",
        found: "official, because `--engine` asked for it; there is no `pulumi` on PATH",
        remedy: "Install Pulumi's CLI, or name it in TENANTRY_PULUMI.",
      },
    ],
    [
      "no pg_dump",
      (({ pgDumpPath: _, ...facts }) => wrong(findingsOf(facts)))(SOUND),
      {
        what: "pg_dump",
        state: "notice",
        found: "not on PATH; backups are tenantry's own archives",
        remedy: "Install PostgreSQL's client tools for backups that every tool reads.",
      },
    ],
    [
      "a damaged bundle",
      machine({ bundles: { ...SOUND.bundles, damaged: ["/cache/a/cli-index.cjs"] } }),
      {
        what: "program",
        state: "notice",
        found: "damaged: /cache/a/cli-index.cjs",
        remedy: "Delete what is damaged, or leave it: a run that comes upon it makes it anew.",
      },
    ],
    [
      "a bundle cache that can't be written",
      machine({ bundles: { ...SOUND.bundles, folder: "/cache", isWritable: false } }),
      {
        what: "program",
        state: "notice",
        found: "/cache can't be written: after an edit every run compiles the sources and begins 1 s later",
        remedy: 'Make it writable for this user (`chown -R "$(id -u)" /cache`).',
      },
    ],
    [
      "a local cloud that was never started",
      cloud({ state: "absent", servers: [] }),
      {
        what: "local cloud",
        state: "notice",
        found: "not started yet",
        remedy: "`tenantry local start` starts it, as does every verb that needs it.",
      },
    ],
    [
      "a local cloud that was stopped",
      cloud({ state: "stopped", servers: [{ name: "db-01", isRunning: false }] }),
      {
        what: "local cloud",
        state: "notice",
        found: `stopped; what is stored is in ${CLOUD.home}`,
        remedy: "`tenantry local start` starts it, as does every verb that needs it.",
      },
    ],
    [
      "a daemon that was killed, with PostgreSQL left running",
      cloud({ state: "stopped" }),
      {
        what: "local cloud",
        state: "notice",
        found: `stopped (PostgreSQL 'db-01' still runs); what is stored is in ${CLOUD.home}`,
        remedy: "`tenantry local start` starts it, as does every verb that needs it.",
      },
    ],
    [
      "a PostgreSQL server that stopped under a local cloud that runs",
      cloud({ servers: [{ name: "db-01", isRunning: false }] }),
      {
        what: "PostgreSQL db-01",
        state: "broken",
        found: "stopped, while the local cloud runs: it was ended or has crashed",
        remedy: `\`tenantry local start\` starts it again, with all that was committed. Its log: ${CLOUD.home}/log/postgres-db-01.log`,
      },
    ],
    [
      "a home that this user can't read",
      cloud({
        state: "unusable",
        problem: { message: "'/srv/home' can't be read and written by this user (EACCES)", hint: "Give it." },
      }),
      {
        what: "local cloud",
        state: "broken",
        found: "its home can't be used: '/srv/home' can't be read and written by this user (EACCES)",
        remedy: "Give it.",
      },
    ],
    [
      "a port that a program has taken",
      cloud({
        state: "stopped",
        servers: [],
        takenPorts: [{ service: "vault:shop-tenants", port: 20345, owner: { pid: 99, program: "python3" } }],
      }).slice(1),
      {
        what: "port 20345",
        state: "broken",
        found: "taken by process 99 ('python3'); the local cloud's Key Vault shop-tenants listens there",
        remedy:
          "End it (`kill 99`) or make it listen elsewhere, then `tenantry local start`. The port is kept because addresses in state and secrets name it.",
      },
    ],
    [
      "a port that a program of another user has taken",
      cloud({
        state: "stopped",
        servers: [],
        takenPorts: [{ service: "arm", port: 20346, owner: {} }],
      }).slice(1),
      {
        what: "port 20346",
        state: "broken",
        found: "taken by another program; the local cloud's Resource Manager listens there",
        remedy:
          "Find it (as root: `ss -lntup 'sport = :20346'` or `lsof -nP -i :20346`) and end it, then `tenantry local start`. The port is kept because addresses in state and secrets name it.",
      },
    ],
  ])("%s", (_, findings, expected) => {
    expect(findings).toEqual([expected]);
  });

  test("one broken thing hides no other", () => {
    const all = machine({
      nodeVersion: "v18.0.0",
      disks: [{ folder: "/", freeBytes: 0 }],
      engine: { chosen: "official", isAsked: false },
      cloud: {
        ...CLOUD,
        servers: [{ name: "db-01", isRunning: false }],
        takenPorts: [{ service: "postgres:db-01", port: 20001, owner: { pid: 7, program: "node" } }],
      },
    });
    expect(all.map(({ what }) => what)).toEqual(["Node", "disk", "engine", "port 20001", "PostgreSQL db-01"]);
  });
});
