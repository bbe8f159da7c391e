import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const MINUTE_MS = 60_000;

/** Through `bin/tenantry`, each file on a local cloud of its own. */
const whole = ["test/e2e/**/*.test.ts", "test/codes.test.ts"];
/** Too long for every day, and seen by the kill matrix for most of it: `npm run test:kill`. */
const slow = ["test/e2e/platformKill.test.ts", "test/provider/stop.test.ts"];
/** Without servers and processes of their own; they share what they import. */
const pure = [
  "test/tenant/**/*.test.ts",
  "test/status/**/*.test.ts",
  "test/cli/{check,list,new,planWords}.test.ts",
];
const official = ["test/official/**/*.test.ts"];

/** The longest first, so that the others fill what is left of the second worker. */
const LONGEST = ["killMatrix", "codes.test", "locks", "offboard", "life", "canary", "provider/refusals"];

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
          include: ["test/**/*.test.ts"],
          exclude: [...whole, ...slow, ...official, ...pure],
          globalSetup: ["test/support/prototype.ts"],
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "pure",
          include: pure,
          // They share a process: nothing of theirs outlives a test.
          isolate: false,
          testTimeout: MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
        },
      },
      {
        test: {
          name: "e2e",
          include: whole,
          exclude: slow,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
        },
      },
      {
        test: { name: "slow", include: slow, testTimeout: 5 * MINUTE_MS, hookTimeout: 5 * MINUTE_MS },
      },
      {
        test: {
          name: "official",
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
