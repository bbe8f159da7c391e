import type { JsonValue } from "./desired.ts";
import { describeGot } from "./fieldProblems.ts";
import { expectedGot, type Problem, type ValuePath, visible } from "./problems.ts";
import type { Source } from "./source.ts";

type Fields = Readonly<Record<string, JsonValue>>;

/** How `status`, `suspendReason` and `purge` go together, in the entry and in each of its overrides. */
export function lifecycleProblems(root: Fields, slug: string, source: Source): Problem[] {
  const base = root.status ?? "active";
  const overrides = Object.entries(asFields(root.overrides)).flatMap(([environment, value]) => {
    const fields = asFields(value);
    return checkTogether(fields, fields.status ?? base, ["overrides", environment], slug, source);
  });
  return [...checkTogether(root, base, [], slug, source), ...overrides];
}

function checkTogether(
  fields: Fields,
  status: JsonValue,
  base: ValuePath,
  slug: string,
  source: Source,
): Problem[] {
  const refuse = (name: string, text: string): Problem => {
    const path = [...base, name];
    return { code: "E_INVALID_ENTRY", path, place: source.placeOf(path), text };
  };
  const problems: Problem[] = [];
  const got = typeof status === "string" ? `'status: ${visible(status)}'` : describeGot(status, []);
  if (fields.suspendReason !== undefined && status !== "suspended") {
    problems.push(refuse("suspendReason", expectedGot("only with 'status: suspended'", got)));
  }
  if (fields.purge === undefined) return problems;
  if (status !== "deleted") {
    problems.push(refuse("purge", expectedGot("only with 'status: deleted'", got)));
  } else if (fields.purge !== slug) {
    problems.push(
      refuse("purge", expectedGot(`this tenant's slug '${slug}'`, describeGot(fields.purge, ["purge"]))),
    );
  }
  return problems;
}

function asFields(value: JsonValue | undefined): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
