import { invite as inviteInto } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { assertEmail } from "./usage.ts";
import type { CommonOptions, Verb } from "./verb.ts";

interface InviteOptions extends CommonOptions {
  readonly resend?: boolean;
  readonly email?: string;
}

/** `tenantry invite`: sends an admin a one-time sign-in link. */
export const invite: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to invite into")
      .option("--resend", "withdraw a link that was sent and send another")
      .option("--email <address>", "invite a further admin (default: the entry's `adminEmail`)")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options: InviteOptions = raw;
    assertSlug(slug, environmentNames(context.root));
    if (options.email !== undefined) assertEmail("--email", options.email);
    return runOperation(slug, options, context, async (operation) => {
      const { email, resend = false } = options;
      const wish = { isRenewed: resend, ...(email === undefined ? {} : { email }) };
      const { recipient, isNew, sentAt, sent, waiting, failed } = await inviteInto(operation, slug, wish);
      const summary = wordsOf(recipient, { sentAt, isSent: sent > 0 });
      return { summary, details: { recipient, isNew, sent, failed, waiting } };
    });
  },
};

function wordsOf(
  recipient: string,
  { sentAt, isSent }: { readonly sentAt: Date | undefined; readonly isSent: boolean },
): string {
  if (sentAt !== undefined)
    return `${recipient} was sent a link at ${sentAt.toISOString()}; \`--resend\` makes another`;
  return isSent ? `link sent to ${recipient}` : `link for ${recipient} waits in the outbox`;
}

const HELP = `
The link works once and for 7 days, and is in no output: only the mail has it. \`local\` keeps mails as files in the local
cloud's folder \`mail\`; elsewhere the environment's config names the server (\`mail\`).

Examples:
  tenantry invite acme                            the entry's admin, if no link was sent yet
  tenantry invite acme --resend                   another link; the one before works no more
  tenantry invite acme --email new@acme.example   a further admin, among the tenant's owners
`;
