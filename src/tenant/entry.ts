import type { DesiredStatus, JsonValue } from "./desired.ts";
import type { EntryIdentity } from "./entryIdentity.ts";
import { type EntryFields, entrySchema, type OverrideFields } from "./entrySchema.ts";
import { checkFields, describeGot, firstOfEachPath } from "./fieldProblems.ts";
import { lifecycleProblems } from "./lifecycleRules.ts";
import { slugRefusal } from "./names.ts";
import { splitUnbuiltEntry } from "./notSupported.ts";
import { expectedGot, orList, type Problem, type ValuePath } from "./problems.ts";
import { secretProblems } from "./secretProblems.ts";
import type { Source } from "./source.ts";
import type { YamlDocument } from "./yamlDocument.ts";

/** A checked `tenants/<slug>.yaml`: nobody checks it again. */
export interface TenantEntry extends EntryFields {
  /** The file's name without `.yaml`. */
  readonly slug: string;
}

/** What an entry says for one environment: its own fields with that environment's override laid over them. */
export interface EnvironmentEntry {
  readonly slug: string;
  readonly displayName: string;
  readonly legalName?: string;
  readonly adminEmail: string;
  readonly status: DesiredStatus;
  readonly suspendReason?: string;
  readonly purge?: string;
  /** Legal hold: neither delete nor purge. */
  readonly hold: boolean;
  readonly plan: string;
  readonly server: string;
  readonly region: string;
  /** The database's own name, where the entry gives one. */
  readonly database?: string;
  /** The customer's own hosts. */
  readonly domains: readonly string[];
  readonly pathPrefix?: string;
  /** Slug of the tenant above. */
  readonly parent?: string;
  readonly identity?: EntryIdentity;
  readonly migrationTarget?: string;
  readonly settings: Readonly<Record<string, JsonValue>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an entry is read against. */
export interface EntryContext {
  readonly slug: string;
  /** Names of the project's environments. */
  readonly environments: readonly string[];
  /** Names that environments have or usually have: no slugs. */
  readonly reserved: readonly string[];
}

/** A file read as an entry: the entry, or everything that is wrong with it. */
export type ParsedEntry =
  | { readonly entry: TenantEntry; readonly problems: readonly [] }
  | { readonly entry: undefined; readonly problems: readonly Problem[] };

/** Checks one entry. Problems come all at once; rules between entries and references to plans are `rules.ts`' work. */
export function parseEntry(document: YamlDocument, context: EntryContext): ParsedEntry {
  const slugProblems = checkSlug(document, context);
  if (!document.isReadable) return { entry: undefined, problems: [...slugProblems, ...document.problems] };
  const supported = splitUnsupported(document.root, document);
  const checked = checkFields(entrySchema, supported.rest, document, "E_INVALID_ENTRY");
  const problems = firstOfEachPath([
    ...slugProblems,
    ...document.problems,
    ...secretProblems(document.root, document, "E_INVALID_ENTRY"),
    ...supported.problems,
    ...checked.problems,
    ...lifecycleProblems(supported.rest, context.slug, document),
    ...environmentProblems(supported.rest, context.environments, document),
  ]);
  if (problems.length > 0 || checked.value === undefined) return { entry: undefined, problems };
  return { entry: { slug: context.slug, ...checked.value }, problems: [] };
}

/** The entry as one environment sees it. `status`, `suspendReason` and `purge` are overridden together. */
export function entryIn(entry: TenantEntry, environment: string): EnvironmentEntry {
  const override: OverrideFields = Object.hasOwn(entry.overrides, environment)
    ? (entry.overrides[environment] ?? {})
    : {};
  const { overrides, environments, isolation, migrations, suspendReason, purge, ...own } = entry;
  const { migrations: otherMigrations, settings, labels, ...other } = override;
  const target = (otherMigrations ?? migrations)?.target;
  const words = override.status === undefined ? present({ suspendReason, purge }) : {};
  return {
    ...own,
    ...words,
    ...other,
    ...present({ migrationTarget: target }),
    settings: { ...own.settings, ...settings },
    labels: { ...own.labels, ...labels },
  };
}

function present<Key extends string>(
  values: { readonly [K in Key]: string | undefined },
): { [K in Key]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in Key]?: string;
  };
}

function checkSlug(document: YamlDocument, { slug, reserved }: EntryContext): Problem[] {
  const refusal = slugRefusal(slug, reserved);
  if (refusal === undefined) return [];
  const text = `file name: ${expectedGot(refusal.expected, describeGot(slug, []))}`;
  return [{ code: refusal.code, path: [], place: { file: document.file }, text }];
}

/** Takes unbuilt fields out of the entry and out of each of its overrides. */
function splitUnsupported(root: Readonly<Record<string, JsonValue>>, source: Source) {
  const top = splitUnbuiltEntry(root, source);
  if (!isMapping(top.rest.overrides)) return top;
  const parts = Object.entries(top.rest.overrides).map(([name, value]) => ({
    name,
    ...(isMapping(value)
      ? splitUnbuiltEntry(value, source, ["overrides", name])
      : { rest: value, problems: [] }),
  }));
  return {
    rest: { ...top.rest, overrides: Object.fromEntries(parts.map(({ name, rest }) => [name, rest])) },
    problems: [...top.problems, ...parts.flatMap(({ problems }) => problems)],
  };
}

/** Environments an entry names must be the project's, each once. */
function environmentProblems(
  root: Readonly<Record<string, JsonValue>>,
  known: readonly string[],
  source: Source,
): Problem[] {
  const listed = Array.isArray(root.environments) ? (root.environments as JsonValue[]) : [];
  const overridden = isMapping(root.overrides) ? Object.keys(root.overrides) : [];
  const expected = `${orList(known)} (stacks/Pulumi.<environment>.yaml)`;
  const refuse = (path: ValuePath, got: JsonValue, place: Problem["place"]): Problem => ({
    code: "E_INVALID_ENTRY",
    path,
    place,
    text: expectedGot(expected, describeGot(got, [])),
  });
  const unknown = (name: JsonValue) => typeof name === "string" && !known.includes(name);
  return [
    ...listed.flatMap((name, index) => {
      const path = ["environments", index];
      if (unknown(name)) return [refuse(path, name, source.placeOf(path))];
      return listed.indexOf(name) === index ? [] : [twice(path, name, source)];
    }),
    ...overridden
      .filter(unknown)
      .map((name) => refuse(["overrides", name], name, source.keyPlaceOf(["overrides", name]))),
  ];
}

function twice(path: ValuePath, name: JsonValue, source: Source): Problem {
  const text = expectedGot("each environment once", `${describeGot(name, [])} again`);
  return { code: "E_INVALID_ENTRY", path, place: source.placeOf(path), text };
}

function isMapping(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
