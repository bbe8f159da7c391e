import { findFreePort } from "../../src/localcloud/ports.ts";

const LOWEST = 10_000;
const PORTS_OF_A_WORKER = 1_000;
/** All of them below the ports that local clouds keep while they are stopped. */
const MOST_WORKERS = 10;

/** A free loopback port that no test of another worker looks for, and that no local cloud keeps. */
export function findTestPort(): Promise<number> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % MOST_WORKERS;
  const lowest = LOWEST + worker * PORTS_OF_A_WORKER;
  return findFreePort(new Set(), { lowest, end: lowest + PORTS_OF_A_WORKER });
}
