import { setTimeout as delay } from "node:timers/promises";
import type { Deployer } from "../deploy/index.ts";
import { healthOf, namesOf, statusOf, type TenantHealth } from "../status/index.ts";
import type { DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { healthTable } from "./render/statusTable.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession, openStatusObserver } from "./session.ts";
import { chooseTargets, type TargetOptions } from "./targets.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, Verb } from "./verb.ts";

const DEFAULT_INTERVAL_S = 5;
const MAX_INTERVAL_S = 86_400;
/** Tenants asked at once: each is a login and a request. */
const WIDTH = 8;
const EXIT_ILL = 1;
/** Cursor home, and everything below it cleared. */
const REDRAW = "\u001b[H\u001b[J";

interface HealthOptions extends TargetOptions {
  readonly watch?: boolean;
  readonly interval?: number;
}

/** `tenantry health`: whether tenants are as they should be; 0 when all are, 1 when one isn't or can't be asked. */
export const health: Verb = {
  configure: (command) =>
    command
      .argument("[slug...]", "tenants to ask about (default: all of the environment)")
      .option("--all", "every tenant of the environment")
      .option("--watch", "ask again and again until Ctrl-C")
      .option("--interval <seconds>", `between two rounds (default: ${DEFAULT_INTERVAL_S})`, parseInterval),
  run: async (slugs, raw, context) => {
    const options: HealthOptions = raw;
    const isAll = options.all === true || slugs.length === 0;
    const { list } = chooseTargets(slugs, { ...options, all: isAll }, context);
    const tenants = list.flatMap(({ tenant }) => (tenant === undefined ? [] : [tenant]));
    return withDeployer(await openSession(options, context, { isOnlyLooking: true }), (deployer) =>
      options.watch === true
        ? watch(tenants, deployer, options, context)
        : lookOnce(tenants, deployer, options, context),
    );
  },
};

function parseInterval(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_INTERVAL_S) return seconds;
  throw new UsageError(`\`--interval\`: expected seconds, at most ${MAX_INTERVAL_S}; got '${text}'.`);
}

async function lookOnce(
  tenants: readonly DesiredTenant[],
  deployer: Deployer,
  { env, json }: HealthOptions,
  { io }: CliContext,
): Promise<number> {
  const found = await ask(tenants, deployer, env);
  const isHealthy = found.every((each) => each.isHealthy);
  io.out(
    json ? `${JSON.stringify({ isHealthy, tenants: found }, null, 2)}\n` : healthTable(found, io.columns),
  );
  return isHealthy ? 0 : EXIT_ILL;
}

/** Answers the last round's exit code. A round that can't be asked is told, and the next one tries again. */
async function watch(
  tenants: readonly DesiredTenant[],
  deployer: Deployer,
  options: HealthOptions,
  context: CliContext,
): Promise<number> {
  const { interval = DEFAULT_INTERVAL_S } = options;
  let exitCode = 0;
  while (!context.signal.aborted) {
    exitCode = await showRound(tenants, deployer, options, context);
    await delay(interval * 1000, undefined, { signal: context.signal }).catch(ignoreAbort);
  }
  return exitCode;
}

async function showRound(
  tenants: readonly DesiredTenant[],
  deployer: Deployer,
  { env, json, interval = DEFAULT_INTERVAL_S }: HealthOptions,
  { io }: CliContext,
): Promise<number> {
  const at = new Date().toISOString();
  const say = (text: string) =>
    io.out(`${io.isTerminal ? REDRAW : ""}${at}, every ${interval} s; Ctrl-C ends\n${text}`);
  try {
    const found = await ask(tenants, deployer, env);
    if (json) for (const each of found) io.out(`${JSON.stringify({ at, ...each })}\n`);
    else say(healthTable(found, io.columns));
    return found.every(({ isHealthy }) => isHealthy) ? 0 : EXIT_ILL;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message } = error;
    if (json) io.out(`${JSON.stringify({ at, error: { code, message } })}\n`);
    else say(`${code}: ${message}\n`);
    return EXIT_ILL;
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== "AbortError") throw error;
}

async function ask(
  tenants: readonly DesiredTenant[],
  deployer: Deployer,
  environment: string,
): Promise<readonly TenantHealth[]> {
  const observer = await openStatusObserver(deployer, environment);
  try {
    const found: TenantHealth[] = [];
    for (let from = 0; from < tenants.length; from += WIDTH) {
      const some = tenants.slice(from, from + WIDTH).map(async (tenant) => {
        const status = statusOf(await observer.observe(namesOf(tenant)));
        return healthOf(status, tenant.status);
      });
      found.push(...(await Promise.all(some)));
    }
    return found;
  } finally {
    await observer.close();
  }
}
