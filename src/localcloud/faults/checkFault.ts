import { LocalCloudError } from "../localCloudError.ts";
import { FAULT_SERVICES, type FaultEffect, type FaultOrder, type FaultService } from "./fault.ts";

const HTTP_EFFECTS = ["status", "latency", "cut", "silence"] as const;

/** What is built, by service. */
const EFFECTS: Readonly<Record<FaultService, readonly FaultEffect["kind"][]>> = {
  arm: HTTP_EFFECTS,
  vault: HTTP_EFFECTS,
  identity: HTTP_EFFECTS,
  frontDoor: [...HTTP_EFFECTS, "originDown"],
  dns: ["latency", "silence", "servfail"],
  postgres: ["latency", "cut", "silence", "sqlState", "crash"],
};

/** The command line's words for it. */
const WORDS: Readonly<Record<FaultEffect["kind"], string>> = {
  status: "--status",
  latency: "--latency",
  cut: "--cut",
  silence: "--no-answer",
  servfail: "--servfail",
  originDown: "--origin-down",
  sqlState: "--sqlstate",
  crash: "--crash",
};

const SUCCESS_STATES = /^0[0-2]/;

/** Refuses (`E_NOT_SUPPORTED`, by name) every order that isn't built. Pure. */
export function checkFault(order: FaultOrder): void {
  const { service, effect } = order;
  if (!FAULT_SERVICES.includes(service)) {
    throw refused(`expected ${FAULT_SERVICES.join(", ")}; got '${String(service)}'`);
  }
  if (!EFFECTS[service].includes(effect.kind)) {
    const built = EFFECTS[service].map((kind) => `\`${WORDS[kind]}\``).join(", ");
    throw refused(`\`${WORDS[effect.kind]}\` is not built for '${service}'; expected one of ${built}`);
  }
  checkNarrowing(order);
  if (effect.kind === "status" && !(effect.status >= 400 && effect.status <= 599))
    throw refused(`\`--status\`: expected 400 to 599; got '${effect.status}'`);
  if (effect.kind === "sqlState" && !isErrorState(effect.sqlState))
    throw refused(`\`--sqlstate\`: expected an error's five letters and digits; got '${effect.sqlState}'`);
}

function checkNarrowing({ service, effect, name, method, path, times }: FaultOrder): void {
  if (service === "postgres" && name === undefined)
    throw refused("'postgres' needs the name of a server: `--server <name>`");
  if (service !== "postgres" && service !== "vault" && name !== undefined)
    throw refused(`'${service}' is one: it has no name; got '${name}'`);
  if (service === "postgres" && method !== undefined)
    throw refused("`--method` is not built for 'postgres'; `--path` looks into the statement");
  if (effect.kind === "crash" && path === undefined && times !== undefined)
    throw refused("a crash without `--path` happens once, now: `--times` is not built for it");
}

function isErrorState(state: string): boolean {
  return /^[0-9A-Z]{5}$/.test(state) && !SUCCESS_STATES.test(state);
}

function refused(message: string): LocalCloudError {
  return new LocalCloudError("E_NOT_SUPPORTED", `fault: ${message}.`);
}
