import { parseEntry, type TenantEntry } from "../../src/tenant/entry.ts";
import { formatProblem, ProblemsError, sortProblems } from "../../src/tenant/problems.ts";
import { parseYamlDocument } from "../../src/tenant/yamlDocument.ts";

const CONTEXT = { slug: "acme", environments: ["local", "prod"], reserved: ["local", "dev", "prod"] };

export function parse(text: string, slug = "acme") {
  return parseEntry(parseYamlDocument(text, `tenants/${slug}.yaml`), { ...CONTEXT, slug });
}

export function problemsOf(text: string, slug?: string): string[] {
  return sortProblems(parse(text, slug).problems).map(
    (problem) => `${problem.code} ${formatProblem(problem)}`,
  );
}

export function entryOf(text: string): TenantEntry {
  const { entry, problems } = parse(text);
  if (entry === undefined) throw new ProblemsError(problems);
  return entry;
}
