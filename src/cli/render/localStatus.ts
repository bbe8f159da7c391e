import { relative } from "node:path";
import type { LocalCloudStatus, MemoryUse } from "../localDoor.ts";
import type { CliIo } from "../verb.ts";
import { serviceName } from "./serviceNames.ts";
import { renderTable } from "./table.ts";
import { count, formatAge, formatBytes } from "./units.ts";
import { wrapText } from "./wrap.ts";

/** Where backups lie and what they take; beside the local cloud, so that a reset keeps them. */
export interface BackupUse {
  readonly folder: string;
  readonly bytes: number;
}

/** `tenantry local status --json`: every field is in docs/local.md. */
export type ShownStatus = LocalCloudStatus & { readonly backups?: BackupUse };

/** Prints what runs and what is stored: two tables, or one JSON value. */
export async function printLocalStatus(
  status: LocalCloudStatus,
  bytesIn: (folder: string) => Promise<number>,
  { root, io, isJson }: { readonly root: string; readonly io: CliIo; readonly isJson: boolean },
): Promise<void> {
  const folder = await backupsOf(root);
  const backups = folder === undefined ? {} : { backups: { folder, bytes: await bytesIn(folder) } };
  const shown = { ...status, ...backups };
  io.out(
    isJson
      ? `${JSON.stringify(shown, null, 2)}\n`
      : localStatusText(shown, io.columns, { root, nowMs: Date.now() }),
  );
}

/** Undefined where the environment's file doesn't tell, which `check` explains. */
async function backupsOf(root: string): Promise<string | undefined> {
  const { loadEnvironment } = await import("../../tenant/load.ts");
  const url = loadEnvironment(root, "local").config?.backups.url;
  if (url === undefined) return undefined;
  const { backupFolder } = await import("../../transfer/index.ts");
  return backupFolder(url, root);
}

/** The same for a person. Folders below `root` are said from there. */
export function localStatusText(
  status: ShownStatus,
  columns: number,
  { root, nowMs }: { readonly root: string; readonly nowMs: number },
): string {
  const running = runningRows(status);
  const runs = running.length === 0 ? "" : `\n${renderTable(RUNS_HEADER, running, columns)}`;
  const stored = renderTable(["STORED", "ON DISK", "WHAT"], storedRows(status, root), columns);
  const headLines = [...wrapText(headline(status, nowMs), columns), `home: ${status.home}`];
  return `${headLines.join("\n")}\n${runs}\n${stored}`;
}

function headline({ isRunning, since, postgres }: ShownStatus, nowMs: number): string {
  if (isRunning) return `local cloud runs on 127.0.0.1, for ${formatAge(Date.parse(since ?? ""), nowMs)}`;
  if (postgres.length === 0) return "local cloud doesn't run; `tenantry local start` starts it";
  return "local cloud doesn't run, its PostgreSQL does; `tenantry local start` or `stop` ends that";
}

const RUNS_HEADER = ["RUNS", "PORT", "PROCESS", "MEMORY"];

/** The daemon with its services, which are of one process, then the vaults, then the servers. */
function runningRows({ isRunning, pid, ports, vaults, postgres, memory }: ShownStatus): string[][] {
  const servers = postgres.map((server) => [
    serviceName(`postgres:${server.name}`),
    String(server.port),
    String(server.pid),
    memoryWords(memory.postgres[server.name]),
  ]);
  if (!isRunning) return servers;
  const services = Object.entries(ports).map(([name, port]) => [serviceName(name), String(port)]);
  return [
    ["daemon, with:", "", String(pid ?? "-"), memoryWords(memory.daemon)],
    ...[...services, ...vaults.map(({ name, port }) => [serviceName(`vault:${name}`), String(port)])].map(
      ([name, port]) => [`  ${name}`, port ?? "", "", ""],
    ),
    ...servers,
  ];
}

function memoryWords(use: MemoryUse | undefined): string {
  if (use === undefined) return "-";
  const size = formatBytes(use.bytes);
  return use.processes > 1 ? `${size}, ${use.processes} processes` : size;
}

function storedRows({ stored, vaults, disk, backups }: ShownStatus, root: string): string[][] {
  const secrets = vaults.map(({ name, secrets: amount }) => `${count(amount, "secret")} in ${name}`);
  const [first = "", ...more] = [count(stored.arm ?? 0, "Azure resource"), ...secrets];
  const databases = Object.entries(disk.databases).map(([server, bytes]) => [
    `databases of ${server}`,
    formatBytes(bytes),
    "with write-ahead log",
  ]);
  return [
    ...databases,
    ["local cloud's state", formatBytes(disk.state), first],
    ...more.map((what) => ["", "", what]),
    ["Pulumi's state", formatBytes(disk.backend), "stacks, their history and locks"],
    ["logs", formatBytes(disk.log), ""],
    ...(backups === undefined
      ? []
      : [["backups", formatBytes(backups.bytes), shortPath(backups.folder, root)]]),
  ];
}

function shortPath(folder: string, root: string): string {
  const inside = relative(root, folder);
  return inside.startsWith("..") ? folder : inside;
}
