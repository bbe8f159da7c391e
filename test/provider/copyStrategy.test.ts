import { expect, test } from "vitest";
import type { CopyStrategy } from "../../src/postgres/index.ts";
import { withCopyStrategy } from "../../src/provider/copyStrategy.ts";

test("a lone create goes by the log; one of several, or soon after another on its server, copies files", async () => {
  let time = 0;
  const chosen: CopyStrategy[] = [];
  const create = (server: string, meanwhile: () => Promise<void> = async () => undefined) =>
    withCopyStrategy(
      server,
      async (strategy) => {
        chosen.push(strategy);
        await meanwhile();
      },
      () => time,
    );
  await create("one", () => create("one"));
  await create("two");
  time += 9_000;
  await create("one");
  time += 11_000;
  await create("one");
  expect(chosen).toEqual(["wal_log", "file_copy", "wal_log", "file_copy", "wal_log"]);
});

test("a create that failed is no longer under way", async () => {
  const fail = withCopyStrategy(
    "failing",
    async () => {
      throw new Error("no");
    },
    () => 0,
  );
  await expect(fail).rejects.toThrow("no");
  expect(
    await withCopyStrategy(
      "failing",
      async (strategy) => strategy,
      () => 20_000,
    ),
  ).toBe("wal_log");
});
