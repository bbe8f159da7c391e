import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { localStatusText, type ShownStatus } from "../../../src/cli/render/localStatus.ts";

const MB = 1024 ** 2;
const AT = { root: "/home/me/shop", nowMs: Date.parse("2026-11-21T12:00:00Z") };

const RUNNING: ShownStatus = {
  isRunning: true,
  home: "/home/me/shop/.tenantry/local",
  pid: 4711,
  since: "2026-11-21T11:48:00Z",
  ports: { identity: 20001, dns: 20002, arm: 20003 },
  postgres: [{ name: "db-01", pid: 4720, port: 20010 }],
  stored: { arm: 42, "vault:shop-tenants": 3 },
  vaults: [{ name: "shop-tenants", port: 20011, secrets: 3 }],
  memory: {
    daemon: { bytes: 92 * MB, processes: 1 },
    postgres: { "db-01": { bytes: 45 * MB, processes: 7 } },
  },
  disk: { databases: { "db-01": 61 * MB }, state: 90_000, backend: 3 * MB, log: 4096 },
  backups: { folder: "/home/me/shop/.tenantry/backups", bytes: 0 },
};

describe("`local status` for a person", () => {
  test("a plugin that acts as another identity says so", () => {
    const ports = { "azure-native": 20004, "azure-native-previewer": 20005 };
    const text = localStatusText({ ...RUNNING, ports }, 80, AT);
    expect(text).toMatch(/^ {2}plugin azure-native {2,}20004$/m);
    expect(text).toMatch(/^ {2}plugin azure-native, as previewer {2,}20005$/m);
  });

  test("is two tables: what runs, what is stored", () => {
    expect(`\n${localStatusText(RUNNING, 80, AT)}`).toMatchInlineSnapshot(`
      "
      local cloud runs on 127.0.0.1, for 12 min
      home: /home/me/shop/.tenantry/local

      RUNS                      PORT   PROCESS  MEMORY
      daemon, with:                    4711     92 MB
        managed identity        20001
        DNS                     20002
        Resource Manager        20003
        Key Vault shop-tenants  20011
      PostgreSQL db-01          20010  4720     45 MB, 7 processes

      STORED               ON DISK  WHAT
      databases of db-01   61 MB    with write-ahead log
      local cloud's state  88 KB    42 Azure resources
                                    3 secrets in shop-tenants
      Pulumi's state       3.0 MB   stacks, their history and locks
      logs                 4.0 KB
      backups              0 B      .tenantry/backups
      "
    `);
  });

  test("of a local cloud that doesn't run says so and how to start it; what is stored stands there still", () => {
    const { pid: _, since: __, ...rest } = RUNNING;
    const stopped = { ...rest, isRunning: false, ports: {}, postgres: [], memory: { postgres: {} } };
    expect(`\n${localStatusText(stopped, 80, AT)}`).toMatchInlineSnapshot(`
      "
      local cloud doesn't run; \`tenantry local start\` starts it
      home: /home/me/shop/.tenantry/local

      STORED               ON DISK  WHAT
      databases of db-01   61 MB    with write-ahead log
      local cloud's state  88 KB    42 Azure resources
                                    3 secrets in shop-tenants
      Pulumi's state       3.0 MB   stacks, their history and locks
      logs                 4.0 KB
      backups              0 B      .tenantry/backups
      "
    `);
  });

  test("of a killed daemon shows the PostgreSQL that it left", () => {
    const { pid: _, since: __, ...rest } = RUNNING;
    const text = localStatusText({ ...rest, isRunning: false, ports: {} }, 80, AT);
    expect(text.split("\n").slice(0, 2).join(" ")).toBe(
      "local cloud doesn't run, its PostgreSQL does; `tenantry local start` or `stop` ends that",
    );
    expect(text).toMatch(/^PostgreSQL db-01 +20010 +4720 +45 MB, 7 processes$/m);
  });

  test.each([60, 80, 200])("fits into %i columns", (columns) => {
    const widths = localStatusText(RUNNING, columns, AT)
      .split("\n")
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });
});

test("docs/local.md tells every field of `local status --json`", () => {
  const docs = readFileSync(join(resolve(import.meta.dirname, "../../.."), "docs/local.md"), "utf8");
  const fields = Object.keys(RUNNING).flatMap((field) => [
    `\`${field}\``,
    ...(["memory", "disk"].includes(field)
      ? Object.keys(RUNNING[field as "memory" | "disk"]).map((inner) => `\`${field}.${inner}\``)
      : []),
  ]);
  expect(fields.filter((field) => !docs.includes(field) && !docs.includes(field.replace(/`$/, ".")))).toEqual(
    [],
  );
});
