import type { Client } from "../postgres/index.ts";
import { withTransaction } from "../postgres/index.ts";
import {
  claimMail,
  listWaitingMails,
  nextDelivery,
  noteDelivery,
  type WaitingMail,
} from "../registry/index.ts";
import type { OperationContext } from "./context.ts";
import { type MailRoute, openMailRoute } from "./mail.ts";

/** Which mails, and whether also those that wait for their next try. */
export interface DeliveryWish {
  /** Of these tenants only. */
  readonly slugs?: readonly string[];
  /** Tries at once what failed before; for a person who asks. */
  readonly isImpatient?: boolean;
}

/** What became of the mails that were due. */
export interface Delivery {
  readonly sent: number;
  readonly failed: number;
  /** Not tried now: too early, tried often enough, or nobody knows how to send. */
  readonly waiting: number;
}

const LONGEST_WORDS = 300;

/**
 * Sends the outbox's released mails that are due: each at least once, noted as sent in the transaction that holds its row,
 * so two at once send none twice; one that fails is tried again after 1, 5 and 30 minutes, then daily, and then no more.
 * A server that refuses stops nothing: it is told and noted.
 */
export async function deliverOutbox(context: OperationContext, wish: DeliveryWish = {}): Promise<Delivery> {
  const { access } = context;
  const mails = await access.withMaster((client) => listWaitingMails(client, wish.slugs));
  const due = mails.filter((mail) => wish.isImpatient === true || isDue(mail, new Date()));
  if (due.length === 0) return { sent: 0, failed: 0, waiting: mails.length };
  const route = await openMailRoute(context);
  if (route === undefined) {
    context.note(`mails wait: ${context.environment}'s config has no \`mail\``);
    return { sent: 0, failed: 0, waiting: mails.length };
  }
  const outcomes: DeliveryOutcome[] = [];
  for (const mail of due) {
    if (context.signal.aborted) break;
    outcomes.push(await access.withMaster((client) => deliver(client, mail, route, context)));
  }
  const count = (wanted: DeliveryOutcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const [sent, failed] = [count("sent"), count("failed")];
  return { sent, failed, waiting: mails.length - sent - failed - count("taken") };
}

type DeliveryOutcome = "sent" | "failed" | "taken";

function isDue(mail: WaitingMail, now: Date): boolean {
  const next = nextDelivery(mail, now);
  return next !== undefined && next <= now;
}

async function deliver(
  client: Client,
  mail: WaitingMail,
  route: MailRoute,
  context: OperationContext,
): Promise<DeliveryOutcome> {
  return withTransaction(client, async () => {
    if (!(await claimMail(client, mail.id))) return "taken";
    const refusal = await refusalOf(mail, route);
    context.point("deliver:answered");
    await noteDelivery(client, mail.id, refusal);
    if (refusal === undefined) context.note(`invitation of '${mail.slug}' sent to ${mail.recipient}`);
    else
      context.note(`invitation of '${mail.slug}' not sent by ${route.name}: ${refusal}; it is tried again`);
    return refusal === undefined ? "sent" : "failed";
  });
}

/** What the server answered, in one line without the link; undefined when it took the mail. */
async function refusalOf(mail: WaitingMail, route: MailRoute): Promise<string | undefined> {
  try {
    await route.send(mail);
    return undefined;
  } catch (error) {
    const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
    const token = mail.link.slice(mail.link.lastIndexOf("/") + 1);
    return (
      line.replaceAll(mail.link, "…").replaceAll(token, "…").slice(0, LONGEST_WORDS) || "no reason given"
    );
  }
}
