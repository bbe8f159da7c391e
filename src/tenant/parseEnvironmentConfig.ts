import { configSchema } from "./configSchema.ts";
import type { JsonValue } from "./desired.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { checkFields, describeGot, firstOfEachPath, valueAt } from "./fieldProblems.ts";
import { splitUnbuilt, UNBUILT_CONFIG_FIELDS } from "./notSupported.ts";
import { expectedGot, orList, type Problem, ProblemsError, type ValuePath } from "./problems.ts";
import { secretProblems } from "./secretProblems.ts";
import { plainSource, type Source } from "./source.ts";

type Fields = Readonly<Record<string, JsonValue>>;

/** A config's checked value, or everything that is wrong with it. */
export type CheckedConfig =
  | { readonly config: EnvironmentConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly Problem[] };

/**
 * The environment's config from Pulumi's own values (namespace `tenantry`, objects already parsed). `source` names them in
 * problems, e.g. `stacks/Pulumi.local.yaml`. Throws `E_NO_CONFIG` or `E_NOT_SUPPORTED` with all problems.
 */
export function parseEnvironmentConfig(raw: unknown, source: string): EnvironmentConfig {
  const checked = checkEnvironmentConfig(raw as JsonValue, plainSource(source));
  if (checked.config === undefined) throw new ProblemsError(checked.problems);
  return checked.config;
}

/** The same for a reader that wants the problems beside others. */
export function checkEnvironmentConfig(raw: JsonValue, source: Source): CheckedConfig {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    const text = expectedGot("config of namespace 'tenantry'", describeGot(raw, []));
    return refused([{ code: "E_NO_CONFIG", path: [], place: { file: source.file }, text }]);
  }
  const root = raw as Fields;
  const supported = splitUnbuilt(root, UNBUILT_CONFIG_FIELDS, source);
  const checked = checkFields(configSchema, withDefaultEdge(supported.rest), source, "E_NO_CONFIG");
  const problems = firstOfEachPath([
    ...secretProblems(root, source, "E_NO_CONFIG"),
    ...supported.problems,
    ...unbuiltValues(root, source),
    ...checked.problems,
    ...CONFIG_RULES.flatMap((rule) => rule(root, source)),
  ]);
  if (problems.length > 0 || checked.value === undefined) return refused(problems);
  return { config: checked.value, problems: [] };
}

function refused(problems: readonly Problem[]): CheckedConfig {
  return { config: undefined, problems };
}

/** `local` is `perTenant` by default; elsewhere the default is `wildcard`, which isn't built and must not be guessed. */
function withDefaultEdge(root: Fields): Fields {
  const { edge = {} } = root;
  if (root.environment !== "local" || typeof edge !== "object" || edge === null || Array.isArray(edge))
    return root;
  return { ...root, edge: { mode: "perTenant", ...edge } };
}

/** Legal by PRODUCT.md, not built: these have a code of their own. */
function unbuiltValues(root: Fields, source: Source): Problem[] {
  const problems: Problem[] = [];
  const refuse = (path: ValuePath, text: string) =>
    problems.push({ code: "E_NOT_SUPPORTED", path, place: source.placeOf(path), text });
  const mode = valueAt(root, ["edge", "mode"]);
  const isLeftOut = mode === undefined && root.edge !== undefined && root.environment !== "local";
  if (mode === "wildcard" || isLeftOut) {
    const got = isLeftOut ? "nothing, which means 'wildcard'" : "'wildcard'";
    refuse(["edge", "mode"], `${expectedGot("'perTenant'", got)} Other modes are not built yet.`);
  }
  const profiles = valueAt(root, ["edge", "profiles"]) ?? 1;
  if (typeof profiles === "number" && profiles > 1) {
    refuse(["edge", "profiles"], `${expectedGot("1", String(profiles))} More profiles are not built yet.`);
  }
  const url = valueAt(root, ["backups", "url"]);
  if (typeof url === "string" && /^[a-z][a-z0-9+.-]*:/i.test(url) && !url.startsWith("file:")) {
    const got = describeGot(url, ["backups", "url"]);
    refuse(["backups", "url"], `${expectedGot("a `file:` URL", got)} Other stores are not built yet.`);
  }
  return problems;
}

type ConfigRule = (root: Fields, source: Source) => Problem[];

/** What fields of one config must be to each other. Wrong types are the schema's to refuse; here they are passed over. */
const CONFIG_RULES: readonly ConfigRule[] = [
  serverNamesAreUnique,
  serverNamesAreNotWords,
  masterServerExists,
  vaultsDiffer,
  existingServersHaveNoSize,
  existingServersHaveNoRotation,
];

function serverNamesAreUnique(root: Fields, source: Source): Problem[] {
  const names = serversOf(root).map(({ name }) => name);
  return names.flatMap((name, index) =>
    name !== undefined && names.indexOf(name) < index
      ? [wrong(["servers", index, "name"], "each server once", name, source)]
      : [],
  );
}

function serverNamesAreNotWords(root: Fields, source: Source): Problem[] {
  return serversOf(root).flatMap(({ name, region }, index) => [
    ...(name === "auto" ? [wrong(["servers", index, "name"], "a name other than 'auto'", name, source)] : []),
    ...(region === "any"
      ? [wrong(["servers", index, "region"], "a name other than 'any'", region, source)]
      : []),
  ]);
}

function masterServerExists(root: Fields, source: Source): Problem[] {
  const path = ["master", "server"];
  const name = valueAt(root, path);
  const names = serversOf(root).flatMap((server) => (typeof server.name === "string" ? [server.name] : []));
  if (typeof name !== "string" || names.length === 0 || names.includes(name)) return [];
  return [wrong(path, `${orList(names)} (servers)`, name, source)];
}

function vaultsDiffer(root: Fields, source: Source): Problem[] {
  const path = ["vaults", "tenants"];
  const [platform, tenants] = [valueAt(root, ["vaults", "platform"]), valueAt(root, path)];
  if (typeof tenants !== "string" || typeof platform !== "string") return [];
  if (tenants.toLowerCase() !== platform.toLowerCase()) return [];
  return [wrong(path, "another vault than the platform's", tenants, source)];
}

/** Size is an input of the Azure resource; a server that is there already gets none from us. */
function existingServersHaveNoSize(root: Fields, source: Source): Problem[] {
  return serversOf(root).flatMap((server, index) =>
    server.existing === undefined
      ? []
      : ["sku", "storageGb"]
          .filter((name) => server[name] !== undefined)
          .map((name) => {
            const path = ["servers", index, name];
            return wrong(path, "no size for an existing server", server[name], source);
          }),
  );
}

/** Whoever runs an existing server has its admin's password, and writes a new one into the vault. */
function existingServersHaveNoRotation(root: Fields, source: Source): Problem[] {
  return serversOf(root).flatMap(({ existing, adminRotation }, index) =>
    existing === undefined || adminRotation === undefined
      ? []
      : [wrong(["servers", index, "adminRotation"], "none for an existing server", adminRotation, source)],
  );
}

function serversOf(root: Fields): Fields[] {
  if (!Array.isArray(root.servers)) return [];
  return (root.servers as JsonValue[]).map((server) =>
    typeof server === "object" && server !== null && !Array.isArray(server) ? (server as Fields) : {},
  );
}

function wrong(path: ValuePath, expected: string, got: JsonValue | undefined, source: Source): Problem {
  const text = expectedGot(expected, describeGot(got, path));
  return { code: "E_NO_CONFIG", path, place: source.placeOf(path), text };
}
