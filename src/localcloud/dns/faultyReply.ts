import type { FaultEffect, Faults } from "../faults/index.ts";
import { failureOf, questionOf, replyTo, type Transport } from "./message.ts";
import type { Zones } from "./zones.ts";

/** Replies to one message as the zones say or, where a fault strikes, later, with SERVFAIL, or never. */
export function reply(
  { zones, faults }: { readonly zones: () => Zones; readonly faults: Faults },
  message: Buffer,
  transport: Transport,
  send: (reply: Buffer) => void,
): void {
  const effect = effectOn(faults, message);
  if (effect?.kind === "silence") return;
  const answer = () => {
    const made = effect?.kind === "servfail" ? failureOf(message) : replyTo(zones(), message, transport);
    if (made !== undefined) send(made);
  };
  if (effect?.kind === "latency") setTimeout(answer, effect.latencyMs);
  else answer();
}

/** Messages that ask nothing are no requests. */
function effectOn(faults: Faults, message: Buffer): FaultEffect | undefined {
  const question = questionOf(message);
  if (question === undefined) return undefined;
  return faults.take({ service: "dns", method: question.type, path: question.name.toLowerCase() });
}
