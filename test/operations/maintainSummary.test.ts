import { expect, test } from "vitest";
import { type MaintainedItem, summaryOf } from "../../src/operations/index.ts";

function item(task: string, slug: string, outcome: MaintainedItem["outcome"]): MaintainedItem {
  return { task, slug, outcome, words: "", exitCode: 0 };
}

test("one line counts what was done and names what was not", () => {
  expect(summaryOf([])).toBe("nothing due");
  expect(
    summaryOf([
      item("listeners", "acme", "done"),
      item("health", "acme", "done"),
      item("health", "globex", "done"),
      item("purges", "initech", "skipped"),
      ...["a", "b", "c", "d", "e", "f"].map((slug) => item("provisioning", slug, "failed")),
    ]),
  ).toBe(
    "done: 1 listeners, 2 health; failed: a (provisioning), b (provisioning), c (provisioning), d (provisioning), e (provisioning) and 1 more; held by another run: initech (purges)",
  );
  expect(summaryOf([item("health", "acme", "due")])).toBe("due: 1 health");
});
