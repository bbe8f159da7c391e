import { appendAudit, readServer } from "../registry/index.ts";
import { type ServerConfig, setServerField, UserError } from "../tenant/index.ts";
import { applyPlatform } from "./applyStack.ts";
import type { OperationContext } from "./context.ts";
import { editConfig } from "./servers.ts";
import { withPlatformHeld } from "./tenantHeld.ts";

/** What came of {@link rotateServer}. */
export interface RotatedServer {
  readonly server: string;
  /** How many passwords its admin was given after the first. */
  readonly rotation: number;
}

/**
 * Gives a server's admin a new password: `adminRotation` of the environment's config grows, and the platform's own run makes
 * password, server and secret agree. Tenants' stacks hold names, no credential, so nothing of theirs changes. Cut off anywhere, the
 * same again goes on with the same number. Throws `E_DB_SERVER_NOT_FOUND`, `E_NOT_SUPPORTED` for a server that isn't ours.
 */
export async function rotateServer(context: OperationContext, name: string): Promise<RotatedServer> {
  return withPlatformHeld(context, async (hold) => {
    const { adminRotation } = requireOwnServer(context, name);
    const { done, reference } = await context.access.withMaster(async (client) => {
      const row = await readServer(client, name);
      return { done: row?.adminRotation ?? 0, reference: row?.adminSecretRef ?? "" };
    });
    const rotation = adminRotation > done ? adminRotation : done + 1;
    editConfig(context, (text, file) => setServerField(text, file, name, "adminRotation", rotation));
    context.point("rotateServer:edited");
    await applyPlatform(context, hold);
    context.point("rotateServer:applied");
    // A login with what the vault says now: what was read before the run is refused, and asked for again.
    await context.access.withAdmin(name, ({ client }) => client.query("SELECT 1"));
    context.note(`the value of secret '${reference}' logs in`);
    await context.access.withMaster((client) =>
      appendAudit(client, { tenantId: null, slug: "platform" }, "SERVER_ROTATED", context.run, {
        server: name,
        rotation,
      }),
    );
    return { server: name, rotation };
  });
}

function requireOwnServer({ config }: OperationContext, name: string): ServerConfig {
  const server = config.servers.find((each) => each.name === name);
  if (server === undefined) {
    const names = config.servers.map((each) => `'${each.name}'`).join(", ");
    throw new UserError("E_DB_SERVER_NOT_FOUND", `server '${name}': expected one of ${names}.`);
  }
  if (server.existing === undefined) return server;
  throw new UserError(
    "E_NOT_SUPPORTED",
    `server '${name}' is an existing one: whoever runs it has its admin's password; tenantry changes only those of servers it made.`,
    { hint: "Change it there and write the new URL into the platform's vault: the next run takes it." },
  );
}
