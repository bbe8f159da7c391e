import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Environment, query, readEnvironment } from "../support/localClients.ts";
import { type CommandResult, createWorkspace, type Workspace } from "../support/workspace.ts";
import { type Reality, readReality, superuserUrl } from "./reality.ts";

/** One workspace with a platform and the active tenant `acme`, shared by all provocations. */
export class Stage {
  readonly workspace: Workspace;
  readonly #tenants = new Set<string>();
  #environment: Environment | undefined;

  private constructor(workspace: Workspace) {
    this.workspace = workspace;
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(createWorkspace());
    for (const slug of ["brightsmile-dental", "northwind-logistics"])
      stage.workspace.remove(`tenants/${slug}.yaml`);
    await stage.succeed(["up", "--all"]);
    await stage.arrive();
    return stage;
  }

  get environment(): Environment {
    if (this.#environment === undefined) throw new Error("the stage isn't open");
    return this.#environment;
  }

  /** Reads the addresses again: after the local cloud was started anew. */
  async arrive(): Promise<void> {
    this.#environment = await readEnvironment(this.workspace);
  }

  run(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    return this.workspace.tenantry(command, environment);
  }

  /** Runs what must go well. */
  async succeed(
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const { code, stdout, stderr } = await this.run(command, environment);
    if (code !== 0) throw new Error(`tenantry ${command.join(" ")} [${code}]\n${stdout}${stderr}`);
  }

  /** Rewrites a file of the workspace; answers what puts it back. */
  edit(path: string, change: (text: string) => string): () => void {
    const before = this.workspace.read(path);
    const after = change(before);
    if (after === before) throw new Error(`${path}: nothing to change`);
    this.workspace.write(path, after);
    return () => this.workspace.write(path, before);
  }

  /** Writes a file that isn't there; answers what removes it. */
  add(path: string, text: string): () => void {
    this.workspace.write(path, text);
    return () => this.workspace.remove(path);
  }

  /** A small entry; `lines` come after the required fields. */
  addEntry(slug: string, lines = ""): () => void {
    return this.add(`tenants/${slug}.yaml`, entryText(slug, lines));
  }

  /** Adds an entry once and brings it up; later calls find it as it is. */
  async haveTenant(slug: string): Promise<void> {
    if (this.#tenants.has(slug)) return;
    this.#tenants.add(slug);
    if (!existsSync(join(this.workspace.root, `tenants/${slug}.yaml`)))
      this.addEntry(slug, "server: db-01\n");
    await this.succeed(["up", slug]);
  }

  /** A tenant whose entry says `deleted`, applied. */
  async haveDeletedTenant(slug: string): Promise<void> {
    await this.haveTenant(slug);
    const path = `tenants/${slug}.yaml`;
    const text = this.workspace.read(path);
    if (!text.includes("status: deleted")) this.workspace.write(path, `${text}status: deleted\n`);
    const [record] = await this.master("SELECT status FROM identity.tenant WHERE slug = $1", [slug]);
    if (record?.status !== "deleted") await this.succeed(["up", slug]);
  }

  /** Removes master's rows and the state of a tenant that has nothing else. */
  async forget(slug: string): Promise<void> {
    const ids = "SELECT id FROM identity.tenant WHERE slug = $1";
    const tables = ["tenant_host", "tenant_phase", "outbox", "backup"];
    await this.#withoutTriggers(
      [
        ...tables.map((table) => `DELETE FROM identity.${table} WHERE tenant_id IN (${ids})`),
        "DELETE FROM identity.organization WHERE slug = $1",
        "DELETE FROM identity.tenant_audit WHERE slug = $1",
        "DELETE FROM identity.tenant WHERE slug = $1",
      ],
      slug,
    );
    for (const ending of ["", ".bak"]) rmSync(`${this.statePath(`local.${slug}`)}${ending}`, { force: true });
    const history = join(this.environment.home, "backend/.pulumi/history/tenantry", `local.${slug}`);
    rmSync(history, { recursive: true, force: true });
  }

  /** The audit is append-only for everybody else. */
  async #withoutTriggers(statements: readonly string[], slug: string): Promise<void> {
    const url = `${superuserUrl(this.environment, "db-01", "tenantry_master")}?options=-csession_replication_role%3Dreplica`;
    for (const statement of statements) await query(url, statement, [slug]);
  }

  /** A stack's checkpoint in Pulumi's file backend. */
  statePath(stack: string): string {
    return join(this.environment.home, "backend/.pulumi/stacks/tenantry", `${stack}.json`);
  }

  /** Damages a stack's checkpoint; answers what puts the good one back. */
  editState(stack: string, change: (text: string) => string): () => void {
    const path = this.statePath(stack);
    const before = readFileSync(path, "utf8");
    writeFileSync(path, change(before));
    return () => writeFileSync(path, before);
  }

  /** Takes a file away; answers what brings it back. */
  removeFile(path: string): () => void {
    const text = this.workspace.read(path);
    this.workspace.remove(path);
    return () => this.workspace.write(path, text);
  }

  /** Path of a tenant migration. */
  migration(version: string): string {
    const folder = join(this.workspace.root, "migrations/tenant");
    const name = readdirSync(folder).find((each) => each.startsWith(version));
    return `migrations/tenant/${name}`;
  }

  /** Halts a server: it takes connections and never answers. Answers what lets it go on. */
  async haltServer(name: string): Promise<() => void> {
    const [row] = await this.sql(name, "postgres", "SELECT pg_read_file('postmaster.pid') AS text");
    const pid = Number(String(row?.text).split("\n")[0]);
    process.kill(pid, "SIGSTOP");
    return () => void process.kill(pid, "SIGCONT");
  }

  /** Stops and starts the local cloud, with other settings. */
  async restart(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.succeed(["local", "stop"]);
    await this.succeed(["local", "start"], settings);
    await this.arrive();
  }

  /** Holds a stack's lock as a run of this living process would. */
  lockStack(stack: string): () => void {
    const folder = join(this.environment.home, "backend/.pulumi/locks/organization/tenantry", stack);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${randomUUID()}.json`);
    const owner = {
      pid: process.pid,
      username: "ines",
      hostname: hostname(),
      timestamp: new Date().toISOString(),
    };
    writeFileSync(file, JSON.stringify(owner));
    return () => rmSync(file);
  }

  /** Statement as PostgreSQL's superuser. */
  sql(
    server: string,
    database: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Record<string, unknown>[]> {
    return query(superuserUrl(this.environment, server, database), text, values);
  }

  master(text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.sql("db-01", "tenantry_master", text, values);
  }

  reality(): Promise<Reality> {
    return readReality(this.workspace.root, this.environment);
  }

  /** Volatile parts by name: folder, ports, processes, times, durations and ids. */
  normalise(text: string): string {
    const { root } = this.workspace;
    return text
      .replaceAll(realpathSync(root), "ROOT")
      .replaceAll(root, "ROOT")
      .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UUID")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
      .replaceAll(`@${hostname()} `, "@HOST ")
      .replace(/at position \d+(?: \(line \d+ column \d+\))?/g, "at position NUMBER")
      .replace(/-\d+\.checkpoint\.json/g, "-NUMBER.checkpoint.json")
      .replace(/\(pid \d+\)/g, "(pid PID)")
      .replace(/\(\d+(\.\d+)? ?m?s\)/g, "(DURATION)");
  }

  dispose(): Promise<void> {
    return this.workspace.dispose();
  }
}

function entryText(slug: string, lines: string): string {
  const name = `${slug.charAt(0).toUpperCase()}${slug.slice(1)}`;
  return `displayName: ${name}\nlegalName: ${name} Incorporated\nadminEmail: admin@${slug.replaceAll("_", "-")}.example\nenvironments: [local]\nplan: trial\n${lines}`;
}
