import { defineConfig } from "vitest/config";

const slow = ["test/e2e/**/*.test.ts", "test/codes.test.ts"];
const official = ["test/official/**/*.test.ts"];
/** Hundreds of killed processes: `npm run test:kill`. */
const kill = ["test/e2e/killMatrix.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "fast",
          include: ["test/**/*.test.ts"],
          exclude: [...slow, ...official],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: slow,
          exclude: kill,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "kill",
          include: kill,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: "official",
          include: official,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
