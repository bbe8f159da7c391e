import { parseArgs } from "node:util";
import type { FaultEffect, FaultOrder, FaultReport } from "./localDoor.ts";
import { UsageError } from "./usage.ts";

const OPTIONS = {
  status: { type: "string" },
  code: { type: "string" },
  "retry-after": { type: "string" },
  latency: { type: "string" },
  cut: { type: "string" },
  "no-answer": { type: "boolean" },
  servfail: { type: "boolean" },
  "origin-down": { type: "boolean" },
  sqlstate: { type: "string" },
  crash: { type: "boolean" },
  "restart-after": { type: "string" },
  server: { type: "string" },
  method: { type: "string" },
  path: { type: "string" },
  times: { type: "string" },
  after: { type: "string" },
} as const;

/** Options that say what happens: exactly one of them makes a fault. */
const EFFECTS = [
  "status",
  "latency",
  "cut",
  "no-answer",
  "servfail",
  "origin-down",
  "sqlstate",
  "crash",
] as const;

/** Options that belong to one of them. */
const COMPANIONS = { code: "status", "retry-after": "status", "restart-after": "crash" } as const;

type Values = ReturnType<typeof parse>["values"];

/** Reads the words behind `local fault add`. Throws UsageError; which combinations are built, the local cloud says. */
export function parseFault(words: readonly string[]): FaultOrder {
  const { values, positionals } = parse(words);
  const [service, vault, ...more] = positionals;
  if (service === undefined) throw new UsageError("`local fault add`: expected a service.");
  if (more.length > 0) throw new UsageError(`\`local fault add\`: unexpected '${more.join(" ")}'.`);
  const name = nameOf(vault, values.server);
  return {
    service,
    effect: effectOf(values),
    ...(name === undefined ? {} : { name }),
    ...(values.method === undefined ? {} : { method: values.method }),
    ...(values.path === undefined ? {} : { path: values.path }),
    ...(values.times === undefined ? {} : { times: wholeNumber("times", values.times, 1) }),
    ...(values.after === undefined ? {} : { after: wholeNumber("after", values.after, 0) }),
  };
}

/** One fault in words: `answers 429, Retry-After 2 s`. Pure. */
export function describeEffect(effect: FaultEffect): string {
  switch (effect.kind) {
    case "status": {
      const wait =
        effect.retryAfterSeconds === undefined ? "" : `, Retry-After ${effect.retryAfterSeconds} s`;
      return `answers ${effect.status}${effect.code === undefined ? "" : ` ${effect.code}`}${wait}`;
    }
    case "latency":
      return `answers ${effect.latencyMs} ms later`;
    case "cut":
      return effect.moment === "before" ? "cuts, nothing carried out" : "carries out, then cuts";
    case "silence":
      return "never answers";
    case "servfail":
      return "answers SERVFAIL";
    case "originDown":
      return "finds no origin";
    case "sqlState":
      return `fails with ${effect.sqlState}`;
    case "crash":
      return effect.restartAfterMs === undefined
        ? "crashes"
        : `crashes, back after ${effect.restartAfterMs} ms`;
  }
}

/** What it is about and how often: `GET /secrets, 3 times, after 2`. Pure. */
export function describeReach({ method, path, times, after }: FaultReport): string {
  const words = [
    [method, path].filter((each) => each !== undefined).join(" "),
    times === undefined ? "" : `${times} ${times === 1 ? "time" : "times"}`,
    after === undefined ? "" : `after ${after}`,
  ];
  return words.filter((each) => each !== "").join(", ");
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS_")) throw new UsageError(`\`local fault add\`: ${message}`);
    throw error;
  }
}

function nameOf(vault: string | undefined, server: string | undefined): string | undefined {
  if (vault !== undefined && server !== undefined)
    throw new UsageError(`\`local fault add\`: one name; got '${vault}' and '${server}'.`);
  return vault ?? server;
}

function effectOf(values: Values): FaultEffect {
  const [effect, ...more] = EFFECTS.filter((each) => values[each] !== undefined);
  const all = EFFECTS.map((each) => `\`--${each}\``).join(", ");
  if (effect === undefined || more.length > 0)
    throw new UsageError(`\`local fault add\`: expected exactly one of ${all}.`);
  for (const [option, owner] of Object.entries(COMPANIONS)) {
    if (values[option as keyof typeof COMPANIONS] !== undefined && effect !== owner)
      throw new UsageError(`\`--${option}\` belongs to \`--${owner}\`.`);
  }
  return EFFECT_OF[effect](values);
}

const EFFECT_OF: Readonly<Record<(typeof EFFECTS)[number], (values: Values) => FaultEffect>> = {
  status: ({ status = "", code, "retry-after": wait }) => ({
    kind: "status",
    status: wholeNumber("status", status, 0),
    ...(code === undefined ? {} : { code }),
    ...(wait === undefined ? {} : { retryAfterSeconds: wholeNumber("retry-after", wait, 0) }),
  }),
  latency: ({ latency = "" }) => ({ kind: "latency", latencyMs: wholeNumber("latency", latency, 0) }),
  cut: ({ cut = "" }) => {
    if (cut === "before" || cut === "after") return { kind: "cut", moment: cut };
    throw new UsageError(`\`--cut\`: expected 'before' or 'after'; got '${cut}'.`);
  },
  "no-answer": () => ({ kind: "silence" }),
  servfail: () => ({ kind: "servfail" }),
  "origin-down": () => ({ kind: "originDown" }),
  sqlstate: ({ sqlstate = "" }) => ({ kind: "sqlState", sqlState: sqlstate }),
  crash: ({ "restart-after": wait }) => ({
    kind: "crash",
    ...(wait === undefined ? {} : { restartAfterMs: wholeNumber("restart-after", wait, 0) }),
  }),
};

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
  throw new UsageError(`\`--${option}\`: expected a whole number from ${least}; got '${text}'.`);
}
