import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const MINUTE_MS = 60_000;
/** `expect.poll` gives up after a second by itself: too soon for a busy machine. */
const expectation = { poll: { timeout: MINUTE_MS / 2 } };

/** Through `bin/tenantry`, each file on a local cloud of its own. */
const whole = ["test/e2e/**/*.test.ts", "test/codes.test.ts"];
/** Too long for every day, and seen by the kill matrix for most of it: `npm run test:kill`. */
const slow = ["test/e2e/platformKill.test.ts", "test/provider/stop.test.ts"];
/**
 * Leave nothing in their process: no token, no variable. They share one, which saves a fifth of their time; the others
 * have Azure's clients, which keep one token a process, or set variables.
 */
const shared = [
  "test/{cli,deploy,engine,hooks,postgres,program,registry,status,support,tenant,transfer}/**/*.test.ts",
  "test/localcloud/{dns,faults,plugins}/**/*.test.ts",
];
/**
 * Runs killed at every point of the program's own list; the local cloud's life, faults and roles through whole runs; the engine killed, hung, out of space, with programs of
 * their own processes; the operations of a tenant's whole life: `npm run test:more`, which CI runs after `npm test`.
 */
const more = [
  "test/life/**/*.test.ts",
  "test/e2e/{canary,drift,faults,killMatrix,roles}.test.ts",
  "test/engine/{fullDisk,journalFile,programProcess,signals,tornState}.test.ts",
  "test/localcloud/daemon/*.test.ts",
  "test/localcloud/vault/contract.test.ts",
  "test/cli/doctor/provoked.test.ts",
];
const official = ["test/official/**/*.test.ts"];

/** The longest first, so that the others fill what is left of the second worker. */
const LONGEST = [
  "killMatrix",
  "life/move",
  "codes.test",
  "locks",
  "offboard",
  "life",
  "canary",
  "provider/refusals",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (path: string): number => {
      const index = LONGEST.findIndex((name) => path.includes(name));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((a, b) => place(a.moduleId) - place(b.moduleId));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "fast",
          expect: expectation,
          include: ["test/**/*.test.ts"],
          exclude: [...whole, ...slow, ...official, ...shared, ...more],
          globalSetup: ["test/support/prototype.ts"],
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "shared",
          expect: expectation,
          include: shared,
          exclude: more,
          isolate: false,
          globalSetup: ["test/support/prototype.ts"],
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "e2e",
          expect: expectation,
          include: whole,
          exclude: [...slow, ...more],
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "more",
          include: more,
          expect: expectation,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "slow",
          include: slow,
          expect: expectation,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "official",
          expect: expectation,
          include: official,
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
          // Each of its runs is two processes of their own.
          fileParallelism: false,
        },
      },
    ],
  },
});
