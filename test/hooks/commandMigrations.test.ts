import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandContext, commandMigrationsHook as hook } from "../../src/hooks/index.ts";
import { close, type TenantDatabase } from "../../src/postgres/index.ts";
import { PASSWORD, tenantUrl, thrownBy } from "../postgres/support.ts";
import { type HookServer, killHard, spawnScript, startHookServer, tenTimes } from "./support.ts";

let fixture: HookServer;
let directory: string;
let tenant: TenantDatabase;

/** What a team's own tool would be: connects with DATABASE_URL and makes a table. */
const TOOL = `
import pg from "${new URL("../../node_modules/pg/lib/index.js", import.meta.url).pathname}";
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query("CREATE TABLE IF NOT EXISTS public.made (a int)");
await client.query("INSERT INTO public.made VALUES (1)");
console.log(process.env.TENANTRY_MIGRATION_TARGET ?? "no target");
await client.end();
`;

beforeAll(async () => {
  fixture = await startHookServer();
  directory = await mkdtemp(join(tmpdir(), "tenantry-command-"));
  await writeFile(join(directory, "tool.mjs"), TOOL);
  tenant = await fixture.provision("command");
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  await fixture.stop();
});

async function open(change: Partial<CommandContext> = {}): Promise<CommandContext> {
  const { client, slug } = await fixture.open(tenant);
  const url = tenantUrl(fixture.server.adminUrl, tenant);
  return { slug, client, url, directory, environment: { PATH: process.env.PATH }, ...change };
}

const RUN = `node tool.mjs > out.txt`;

describe("command migrations", () => {
  test("run in the project's folder with the tenant's URL and target in the environment", async () => {
    const context = await open();
    await hook.apply(context, { run: RUN, target: "0042" });
    expect(await readFile(join(directory, "out.txt"), "utf8")).toBe("0042\n");
    const { rows } = await context.client.query("SELECT tableowner FROM pg_tables WHERE tablename = 'made'");
    expect(rows).toEqual([{ tableowner: tenant.role }]);
    expect(hook.plan({ run: RUN }, undefined)).toEqual([RUN]);
    await close(context.client);
  });

  test("ten at once wait for each other", async () => {
    const overlap = "mkdir busy && sleep 0.05 && rmdir busy";
    await tenTimes(
      () => fixture.open(tenant),
      async ({ client }) => hook.apply(await open({ client }), { run: overlap }),
    );
  });

  test("a non-zero exit is E_MIGRATIONS_FAILED with the end of the output and no secret", async () => {
    const context = await open();
    const run = `for i in $(seq 1 30); do echo line $i; done; echo "$DATABASE_URL" >&2; exit 3`;
    const error = await thrownBy(hook.apply(context, { run }));
    expect(error.code).toBe("E_MIGRATIONS_FAILED");
    expect(error.message).toMatch(
      /^Tenant 'command': `for i.*exit 3` ended with exit code 3; expected exit code 0\. It printed:\nline 12\n/,
    );
    expect(error.message.trimEnd().split("\n").at(-1)).toBe("***");
    for (const form of [PASSWORD, encodeURIComponent(PASSWORD), "wörd", "w%C3%B6rd"])
      expect(JSON.stringify(error.message)).not.toContain(form);
    await close(context.client);
  });

  test("a command that isn't there, and one that says nothing, are told as such", async () => {
    const context = await open();
    expect((await thrownBy(hook.apply(context, { run: "no-such-tool" }))).message).toContain(
      "ended with exit code 127",
    );
    expect((await thrownBy(hook.apply(context, { run: "exit 1" }))).message).toContain(
      "It printed:\n(nothing)",
    );
    await close(context.client);
  });

  test("dies with the process that started it, so that the next run is alone (F3)", async () => {
    const child = spawnScript(
      `import { commandMigrationsHook } from "./src/hooks/index.ts";
       import { connect } from "./src/postgres/index.ts";
       const { URL_OF_TENANT: url, DIRECTORY: directory } = process.env;
       const client = await connect(url, { applicationName: "doomed" });
       const context = { slug: "command", client, url, directory, environment: { PATH: process.env.PATH } };
       await commandMigrationsHook.apply(context, { run: "echo $$ > parent.txt; sleep 600; echo late > late.txt" });`,
      { URL_OF_TENANT: tenantUrl(fixture.server.adminUrl, tenant), DIRECTORY: directory },
    );
    const pid = await untilWritten(join(directory, "parent.txt"));
    await killHard(child);
    await untilGone(pid);
    const context = await open();
    await hook.apply(context, { run: "test ! -e late.txt" });
    await close(context.client);
  });

  test("one that hangs is killed with its children", async () => {
    // Long enough to come to the point where it hangs.
    const context = await open({ timeoutMs: 3_000 });
    const run = `sh -c 'echo $$ > pid.txt; exec sleep 600'; true`;
    expect((await thrownBy(hook.apply(context, { run }))).message).toContain(
      "took more than 3000 ms and was killed",
    );
    await untilGone(Number(await readFile(join(directory, "pid.txt"), "utf8")));
    await close(context.client);
  });
});

/** The process id in a file that somebody is about to write. */
async function untilWritten(file: string): Promise<number> {
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A kill takes its time; one that isn't killed outlives the test. */
async function untilGone(pid: number): Promise<void> {
  while (await isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A killed process whose parent is gone too may stay as a zombie until somebody reaps it. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+Z/m.test(await readFile(`/proc/${pid}/status`, "utf8"));
  } catch (error) {
    // ESRCH: it went between the opening and the reading of the file.
    expect(["ENOENT", "ESRCH"]).toContain((error as NodeJS.ErrnoException).code);
    return false;
  }
}
