import { listWaitingMails, nextDelivery, readClock } from "../../registry/index.ts";
import { UserError } from "../../tenant/errors.ts";
import type { OperationContext } from "../context.ts";
import { deliverOutbox } from "../outbox.ts";
import type { MaintenanceTask } from "./task.ts";

/** Mails that no run has sent yet, and those whose next try has come. A row of the outbox is held while it is sent. */
export const outbox: MaintenanceTask = {
  name: "mails",
  isTenantHeld: false,
  due: async (context) => {
    const mails = await context.access.withMaster(async (client) => {
      const now = await readClock(client);
      return (await listWaitingMails(client)).filter((mail) => {
        const next = nextDelivery(mail, now);
        return next !== undefined && next <= now;
      });
    });
    return [...new Set(mails.map(({ slug }) => slug))].map((slug) => ({
      slug,
      words: `send ${mails.filter((mail) => mail.slug === slug).length} waiting`,
      run: () => deliver(context, slug),
    }));
  },
};

/** Undefined where another run sent them, or where nobody knows how to send: that is noted. */
async function deliver(context: OperationContext, slug: string): Promise<string | undefined> {
  const { sent, failed } = await deliverOutbox(context, { slugs: [slug] });
  if (failed > 0)
    throw new UserError("E_UNREACHABLE", `Tenant '${slug}': ${failed} of its mails not sent, ${sent} sent.`, {
      hint: "They are tried again after 1, 5 and 30 minutes, then daily.",
    });
  return sent === 0 ? undefined : `${sent} sent`;
}
