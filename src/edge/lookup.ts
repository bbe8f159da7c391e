import { Resolver } from "node:dns/promises";
import { EdgeUnreachableError } from "./edgeErrors.ts";

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** Answers that mean "there is no such record". */
const NOTHING = ["ENOTFOUND", "ENODATA"];

/** The CNAME of a host as its name server says now; undefined when there is none. */
export async function lookupCname(host: string): Promise<string | undefined> {
  return (await ask(host, (resolver) => resolver.resolveCname(host)))?.[0];
}

/** Every TXT value of a name; empty when there is none. */
export async function lookupTxt(name: string): Promise<readonly string[]> {
  return ((await ask(name, (resolver) => resolver.resolveTxt(name))) ?? []).map((parts) => parts.join(""));
}

/** The name server asked: `TENANTRY_DNS` (`host:port`) or, when unset, the system's. */
export function nameServer(): string | undefined {
  const server = process.env.TENANTRY_DNS;
  return server === undefined || server === "" ? undefined : server;
}

async function ask<T>(name: string, call: (resolver: Resolver) => Promise<T>): Promise<T | undefined> {
  const server = nameServer();
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (server !== undefined) resolver.setServers([server]);
  try {
    return await call(resolver);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (NOTHING.includes(code)) return undefined;
    throw new EdgeUnreachableError(
      server ?? "the system's name server",
      `${code || String(error)} for '${name}'.`,
    );
  }
}
