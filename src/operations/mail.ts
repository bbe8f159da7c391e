import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { INVITATION_DAYS } from "../hooks/index.ts";
import type { WaitingMail } from "../registry/index.ts";
import type { MailConfig } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import type { OperationContext } from "./context.ts";

/** Sends one mail; throws what the server answered. */
export interface MailRoute {
  /** `smtp.example.com:587`, or a folder. */
  readonly name: string;
  send(mail: WaitingMail): Promise<void>;
}

/** A server that doesn't answer holds a row of the outbox so long, and no longer. */
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** Names the folder in which `local` keeps mails as files. */
const FOLDER_VARIABLE = "TENANTRY_MAIL_FOLDER";

/**
 * How this environment's mails leave: the config's server, or in `local` a folder of `.eml` files. Undefined where there is
 * neither. Throws `PROVISIONING_UNAVAILABLE` when the platform vault has no login that the config names.
 */
export async function openMailRoute(context: OperationContext): Promise<MailRoute | undefined> {
  const { config, deployer } = context;
  const { mail } = config;
  if (mail?.smtp !== undefined) return smtpRoute(mail, mail.smtp, context);
  const folder = deployer.variables[FOLDER_VARIABLE];
  return folder === undefined
    ? undefined
    : folderRoute(folder, mail?.from ?? `no-reply@${config.zone}`, config.zone);
}

async function smtpRoute(
  { from }: MailConfig,
  { host, port, secure, userRef, passwordRef }: NonNullable<MailConfig["smtp"]>,
  context: OperationContext,
): Promise<MailRoute> {
  const [user, pass] = await Promise.all([secretOf(userRef, context), secretOf(passwordRef, context)]);
  const hasLogin = user !== undefined && pass !== undefined;
  const transport = createTransport({
    ...{ host, port, secure, connectionTimeout: CONNECT_TIMEOUT_MS, greetingTimeout: CONNECT_TIMEOUT_MS },
    socketTimeout: ANSWER_TIMEOUT_MS,
    // A login never goes over a line that others can read.
    ...(hasLogin ? { auth: { user, pass }, requireTLS: !secure } : {}),
  });
  const { zone } = context.config;
  return {
    name: `${host}:${port}`,
    send: async (mail) => {
      await transport.sendMail(messageOf(mail, from, zone));
    },
  };
}

async function secretOf(
  name: string | undefined,
  { access, provider }: OperationContext,
): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const value = await access.vaultAt(provider.platformVaultUrl).get(name);
  if (value !== undefined) return value;
  throw new UserError(
    "PROVISIONING_UNAVAILABLE",
    `mail: the platform vault ${provider.platformVaultUrl} has no secret '${name}'; expected the mail server's login.`,
    { hint: "An operator writes it; mails wait in the outbox." },
  );
}

/** A mail is a file of its own; sent twice, it is the same file. */
function folderRoute(folder: string, from: string, zone: string): MailRoute {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: "unix" });
  return {
    name: folder,
    send: async (mail) => {
      const { message } = await transport.sendMail(messageOf(mail, from, zone));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, `${mail.slug}-${mail.id}.eml`), message as Buffer, { mode: 0o600 });
    },
  };
}

/** The id is the row's own, so that a mail that was sent twice is shown once. */
function messageOf({ id, displayName, recipient, link }: WaitingMail, from: string, zone: string) {
  return {
    from,
    to: recipient,
    messageId: `<${id}@${zone}>`,
    subject: `Your first sign-in to ${displayName}`,
    text: `${displayName} is ready for you.

Sign in with this link, which works once and for ${INVITATION_DAYS} days:

${link}

You will be asked to choose a password. Whoever did not expect this mail can ignore it.
`,
  };
}
