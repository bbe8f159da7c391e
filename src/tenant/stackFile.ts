import type { JsonValue } from "./desired.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { describeGot } from "./fieldProblems.ts";
import { checkEnvironmentConfig } from "./parseEnvironmentConfig.ts";
import { expectedGot, type Problem, type ValuePath } from "./problems.ts";
import { mappedSource, type Source } from "./source.ts";
import type { YamlDocument } from "./yamlDocument.ts";

const NAMESPACE = "tenantry:";
/** Pulumi's own fields of a stack's file. `environment` (Pulumi ESC) would bring values from elsewhere. */
const PULUMI_FIELDS: readonly string[] = ["encryptionsalt", "secretsprovider", "encryptedkey", "config"];

/** What `secretsprovider` looks like on Azure. */
const KEY_FORM = "azurekeyvault://<vault>.vault.azure.net/keys/<key>";

type Fields = Readonly<Record<string, JsonValue>>;

/** `stacks/Pulumi.<env>.yaml` as read: the config, or everything that is wrong with the file. */
export interface StackFile {
  readonly config: EnvironmentConfig | undefined;
  /** URL of the key that the environment's state is encrypted with; none in `local`, which has a passphrase. */
  readonly secretsProvider?: string;
  readonly problems: readonly Problem[];
}

/** Checks an environment's file: Pulumi's own fields, the encryption and namespace `tenantry`. */
export function parseStackFile(document: YamlDocument, environment: string): StackFile {
  if (!document.isReadable) return { config: undefined, problems: withCode(document.problems) };
  const checked = checkEnvironmentConfig(tenantryPart(document.root), sourceOfPart(document));
  const problems = [
    ...withCode(document.problems),
    ...checked.problems,
    ...FILE_RULES.flatMap((rule) => rule(document, environment)),
  ];
  const { secretsprovider: key } = document.root;
  return {
    config: problems.length === 0 ? checked.config : undefined,
    ...(isText(key) ? { secretsProvider: key } : {}),
    problems,
  };
}

/** The values of namespace `tenantry` without their prefix. */
function tenantryPart(root: Fields): Fields {
  const entries = Object.entries(configOf(root))
    .filter(([key]) => key.startsWith(NAMESPACE))
    .map(([key, value]) => [key.slice(NAMESPACE.length), value] as const);
  return Object.fromEntries(entries);
}

/** Places of the values of namespace `tenantry` by their paths without it. */
export function sourceOfPart(document: YamlDocument): Source {
  const toPath = ([first, ...rest]: ValuePath): ValuePath =>
    first === undefined ? ["config"] : ["config", `${NAMESPACE}${first}`, ...rest];
  return mappedSource(document, toPath);
}

type FileRule = (document: YamlDocument, environment: string) => Problem[];

const FILE_RULES: readonly FileRule[] = [
  onlyPulumiFields,
  noSecretConfig,
  nameIsTheFiles,
  encryptionIsThere,
  subscriptionsAgree,
];

function onlyPulumiFields(document: YamlDocument): Problem[] {
  return Object.keys(document.root)
    .filter((name) => !PULUMI_FIELDS.includes(name))
    .map((name) => ({
      code: "E_NO_CONFIG",
      path: [name],
      place: document.keyPlaceOf([name]),
      text: `no such field; expected ${PULUMI_FIELDS.join(", ")}.`,
    }));
}

/** Pulumi's `secure:` values belong into a vault here: the file and everything made from it hold names only. */
function noSecretConfig(document: YamlDocument): Problem[] {
  return Object.entries(configOf(document.root))
    .filter(([, value]) => typeof value === "object" && value !== null && Object.hasOwn(value, "secure"))
    .map(([key]) => wrong(document, ["config", key], "a plain value", "a secret"));
}

function nameIsTheFiles(document: YamlDocument, environment: string): Problem[] {
  const path = ["config", `${NAMESPACE}environment`];
  const name = configOf(document.root)[`${NAMESPACE}environment`];
  if (typeof name !== "string" || name === environment) return [];
  return [wrong(document, path, `'${environment}', as the file is named`, describeGot(name, path))];
}

/** Without its encryption in the file Pulumi makes one up and rewrites the file. */
function encryptionIsThere(document: YamlDocument, environment: string): Problem[] {
  const { root } = document;
  if (environment === "local") {
    if (isText(root.encryptionsalt)) return [];
    return [wrong(document, ["encryptionsalt"], "the salt that belongs to passphrase 'local'", "nothing")];
  }
  const provider = isText(root.secretsprovider) ? root.secretsprovider : KEY_FORM;
  const commands = {
    secretsprovider: `'${KEY_FORM}' (\`az keyvault key create --vault-name <vault> --name <key>\` makes the key)`,
    encryptedkey: `the state's encrypted key (\`${keyCommand(environment, provider, document.file)}\` writes it)`,
  };
  return Object.entries(commands)
    .filter(([name]) => !isText(root[name]))
    .map(([name, expected]) => wrong(document, [name], expected, describeGot(root[name], [])));
}

/** `stack init` takes no `--config-file`: it writes a file of its own, of which one line is wanted. */
function keyCommand(environment: string, provider: string, file: string): string {
  const own = `Pulumi.${environment}.yaml`;
  const init = `pulumi stack init ${environment} --secrets-provider=${provider}`;
  return `${init} && grep encryptedkey ${own} >> ${file} && rm ${own}`;
}

function subscriptionsAgree(document: YamlDocument): Problem[] {
  const config = configOf(document.root);
  const [azure, own] = [config["azure-native:subscriptionId"], config[`${NAMESPACE}subscriptionId`]];
  if (azure === own || azure === undefined || own === undefined) return [];
  const path = ["config", "azure-native:subscriptionId"];
  return [wrong(document, path, "the same as 'tenantry:subscriptionId'", describeGot(azure, path))];
}

function wrong(document: YamlDocument, path: ValuePath, expected: string, got: string): Problem {
  return { code: "E_NO_CONFIG", path, place: document.placeOf(path), text: expectedGot(expected, got) };
}

function withCode(problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, code: "E_NO_CONFIG" }));
}

function configOf(root: Fields): Fields {
  const { config } = root;
  return typeof config === "object" && config !== null && !Array.isArray(config) ? (config as Fields) : {};
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "";
}
