import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterCloud } from "../support/cloudContents.ts";
import { type Environment, query, tenantUrl } from "../support/localClients.ts";
import { createWorkspace, type Workspace } from "../support/workspace.ts";

/** A mail server of one test: takes everything, or refuses everything. */
interface TestMailServer {
  readonly port: number;
  readonly mails: string[];
  isRefusing: boolean;
  stop(): Promise<void>;
}

async function startMailServer(): Promise<TestMailServer> {
  const state = { mails: [] as string[], isRefusing: false };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData: (stream, _session, done) => {
      let mail = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => (mail += chunk));
      stream.on("end", () => {
        if (state.isRefusing) {
          // A server may well repeat what it refuses.
          done(Object.assign(new Error(`451 no: ${linkIn(mail)}`), { responseCode: 451 }));
          return;
        }
        state.mails.push(mail);
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as { port: number };
  return Object.assign(state, {
    port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

const linkIn = (mail: string) =>
  /https:\/\/\S+\/invitation\/([\w-]{43})/.exec(mail.replaceAll(/=\r?\n/g, ""))?.[0] ?? "";
const tokenOf = (link: string) => link.slice(link.lastIndexOf("/") + 1);
const hashOf = (link: string) => createHash("sha256").update(tokenOf(link)).digest("hex");

describe.sequential("invitation mails", () => {
  let workspace: Workspace;
  let cloud: Environment;
  let server: TestMailServer;
  let first: string;

  beforeAll(async () => {
    workspace = createWorkspace();
    server = await startMailServer();
    await tenantry("up", "--platform", "acme", "northwind-logistics");
    cloud = await enterCloud(workspace);
  });
  afterAll(async () => {
    await server.stop();
    await workspace.dispose();
  });

  async function tenantry(...args: string[]): Promise<string> {
    const done = await workspace.tenantry(args);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
    return done.stdout + done.stderr;
  }
  const outbox = (slug: string) =>
    query(
      cloud.master.url,
      `SELECT recipient, attempts, sent_at IS NOT NULL AS sent, revoked_at IS NOT NULL AS revoked, last_error AS error
         FROM identity.outbox o JOIN identity.tenant t ON t.id = o.tenant_id WHERE t.slug = $1 ORDER BY o.created_at`,
      [slug],
    );
  const livingHashes = async (slug: string) =>
    (
      await query(
        await tenantUrl(cloud, slug),
        "SELECT token_hash AS hash FROM tenantry.invitation WHERE revoked_at IS NULL ORDER BY created_at",
      )
    ).map(({ hash }) => hash);
  const folder = () => join(cloud.home, "mail");
  const invited = (slug: string) =>
    query(
      cloud.master.url,
      "SELECT details->>'recipient' AS recipient FROM identity.tenant_audit WHERE slug = $1 AND event_type = 'TENANT_INVITED' ORDER BY id",
      [slug],
    );
  const sent = { recipient: "admin@acme.example", attempts: 1, sent: true, revoked: false, error: null };

  test("are files that nobody else can read in `local`, sent once by the `up` that registered the tenant", async () => {
    expect(readdirSync(folder()).map((name) => name.replace(/-[0-9a-f-]{36}\.eml$/, ""))).toEqual([
      "acme",
      "northwind-logistics",
    ]);
    const [name = ""] = readdirSync(folder());
    expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600);
    const mail = readFileSync(join(folder(), name), "utf8");
    expect(mail).toContain("To: admin@acme.example");
    first = linkIn(mail);
    expect(first).toMatch(/^https:\/\/acme\.local\.tenantry\.test\/invitation\//);
    expect(await livingHashes("acme")).toEqual([hashOf(first)]);
    expect(await outbox("acme")).toEqual([sent]);
    await tenantry("up", "acme");
    expect(await outbox("acme")).toEqual([sent]);
  });

  test("aren't sent again by `invite`, unless it says so", async () => {
    expect(await tenantry("invite", "acme")).toContain("was sent a link at");
    expect(await outbox("acme")).toEqual([sent]);
    expect(await invited("acme")).toEqual([]);
  });

  test("go to the config's server; a resent one has another link, and the one before works no more", async () => {
    const config = workspace.read("stacks/Pulumi.local.yaml");
    const mail = `  tenantry:mail:\n    from: Tenantry <no-reply@tenantry.test>\n    smtp: { host: 127.0.0.1, port: ${server.port} }\n`;
    workspace.write("stacks/Pulumi.local.yaml", `${config.trimEnd()}\n${mail}`);
    const before = await outbox("northwind-logistics");
    const words = await tenantry("invite", "acme", "--resend");
    expect(server.mails).toHaveLength(1);
    const link = linkIn(server.mails[0] ?? "");
    expect(link).not.toBe(first);
    expect(server.mails[0]).toContain("From: Tenantry <no-reply@tenantry.test>");
    expect(words).not.toContain(tokenOf(link));
    expect(await livingHashes("acme")).toEqual([hashOf(link)]);
    expect(await outbox("acme")).toEqual([{ ...sent, revoked: true }, sent]);
    expect(await invited("acme")).toEqual([{ recipient: "admin@acme.example" }]);
    expect(await outbox("northwind-logistics")).toEqual(before);
  });

  test("that a server refuses wait with its words but without the link, and go when it comes back", async () => {
    server.isRefusing = true;
    const words = await tenantry("invite", "acme", "--resend");
    expect(words).toContain("451 no: …");
    expect(words).not.toContain("/invitation/");
    const waiting = (await outbox("acme")).at(-1);
    expect(waiting).toMatchObject({ attempts: 1, sent: false });
    expect(waiting?.error).toContain("451 no: …");
    server.isRefusing = false;
    expect(await tenantry("invite", "acme")).toContain("link sent to admin@acme.example");
    expect((await outbox("acme")).at(-1)).toEqual({ ...sent, attempts: 2 });
    expect(await livingHashes("acme")).toEqual([hashOf(linkIn(server.mails.at(-1) ?? ""))]);
  });

  test("of a run that was killed before it could note them are sent again, as the same mail", async () => {
    const count = server.mails.length;
    const killed = await workspace.tenantry(["invite", "acme", "--resend"], {
      TENANTRY_KILL_AT: "deliver:answered",
    });
    expect(killed.signal).toBe("SIGKILL");
    expect((await outbox("acme")).at(-1)).toMatchObject({ attempts: 0, sent: false });
    await tenantry("invite", "acme");
    const twice = server.mails.slice(count);
    expect(twice).toHaveLength(2);
    const ids = twice.map((mail) => /^Message-ID: (.*)$/m.exec(mail)?.[1]);
    expect(ids[0]).toBe(ids[1]);
    expect(linkIn(twice[0] ?? "")).toBe(linkIn(twice[1] ?? ""));
    expect((await outbox("acme")).at(-1)).toEqual(sent);
  });

  test("let a further admin in among the owners, and leave the first one's link", async () => {
    const living = await livingHashes("acme");
    await tenantry("invite", "acme", "--email", "second@acme.example");
    expect(server.mails.at(-1)).toContain("To: second@acme.example");
    expect(await livingHashes("acme")).toEqual([...living, hashOf(linkIn(server.mails.at(-1) ?? ""))]);
    const owners = `SELECT a.email, a.is_first, a.must_reset_password AS reset FROM tenantry.group_member m
      JOIN tenantry.admin a ON a.id = m.admin_id ORDER BY 1`;
    expect(await query(await tenantUrl(cloud, "acme"), owners)).toEqual([
      { email: "admin@acme.example", is_first: true, reset: true },
      { email: "second@acme.example", is_first: false, reset: true },
    ]);
    expect(await tenantry("up", "acme", "--refresh")).toContain("no changes");
  });

  test("aren't sent to what is no address, or into a tenant that isn't there", async () => {
    expect(await workspace.tenantry(["invite", "acme", "--email", "nobody"])).toMatchObject({ code: 2 });
    const { code, stdout } = await workspace.tenantry(["invite", "brightsmile-dental"]);
    expect(code).toBe(3);
    expect(stdout).toContain("E_ILLEGAL_TRANSITION");
  });
});
