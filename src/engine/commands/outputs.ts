import { type DeploymentJson, hasSecrets } from "../checkpoint.ts";
import { type CommandContext, passphraseOf, stackContext } from "../commandContext.ts";
import { type ConfigValue, hasSecretConfig, loadConfig, resolveConfig } from "../config.ts";
import { EngineError } from "../errors.ts";
import { readStack, secretsOf } from "../stackFile.ts";
import { valueFromJson } from "../stateJson.ts";
import { ROOT_STACK_TYPE } from "../urn.ts";
import {
  Computed,
  containsSecrets,
  mapValue,
  type PropertyMap,
  ResourceReference,
  UNKNOWN,
  unwrap,
} from "../value.ts";

/** The stack's outputs; secrets read `[secret]` unless they are asked for. */
export async function showOutputs(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const { flags, positional } = context.invocation;
  const { deployment } = await readStack(stack);
  const values = await outputValues(context, deployment, flags.has("--show-secrets"));
  const name = positional[0];
  if (name === undefined)
    context.out(flags.has("--json") ? `${JSON.stringify(values, null, 2)}\n` : lines(values));
  else if (!Object.hasOwn(values, name))
    throw new EngineError(`current stack does not have output property '${name}'`);
  else context.out(`${flags.has("--json") ? JSON.stringify(values[name]) : String(values[name])}\n`);
}

function lines(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}  ${typeof value === "string" ? value : JSON.stringify(value)}\n`)
    .join("");
}

async function outputValues(
  context: CommandContext,
  deployment: DeploymentJson,
  showSecrets: boolean,
): Promise<Record<string, unknown>> {
  const root = deployment.resources?.find((state) => state.type === ROOT_STACK_TYPE && !state.parent);
  const outputs = root?.outputs;
  if (root === undefined || outputs === undefined) return {};
  const urn = String(root.urn);
  const secrets = showSecrets ? await secretsOf(context, deployment, undefined) : undefined;
  if (secrets !== undefined && hasSecrets({ outputs })) await secrets.unlock();
  const map = valueFromJson(outputs, urn, (text) => secrets?.decrypt(urn, text) ?? "null") as PropertyMap;
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => {
      if (!showSecrets && containsSecrets(value)) return [key, "[secret]"];
      return [key, plain(value)];
    }),
  );
}

/** A value as JSON prints it: references are their resources' ids or URNs. */
function plain(value: PropertyMap[string]): unknown {
  return mapValue(unwrap(value), (part) => {
    if (part instanceof Computed) return UNKNOWN;
    return part instanceof ResourceReference ? (part.id ?? part.urn) : part;
  });
}

/** The stack's config, secrets blinded unless they are asked for. */
export async function showConfig(context: CommandContext): Promise<void> {
  const { flags } = context.invocation;
  const { values } = await configValues(context);
  const isShown = flags.has("--show-secrets");
  const rows = Object.fromEntries(
    [...values].map(([key, { value, secret, isObject }]) => [
      key,
      {
        ...(secret && !isShown ? {} : { value }),
        ...(isObject && !secret ? { objectValue: JSON.parse(value) as unknown } : {}),
        secret,
      },
    ]),
  );
  if (flags.has("--json")) context.out(`${JSON.stringify(rows, null, 2)}\n`);
  else for (const [key, row] of Object.entries(rows)) context.out(`${key}  ${row.value ?? "[secret]"}\n`);
}

/** One config value, in clear. */
export async function getConfig(context: CommandContext): Promise<void> {
  const { flags, positional } = context.invocation;
  if (flags.has("--path"))
    throw new EngineError("the flag `--path` of `pulumi config get` is not supported", 2);
  const { values, project } = await configValues(context);
  const name = positional[0] ?? "";
  const key = name.includes(":") ? name : `${project}:${name}`;
  const found = values.get(key);
  if (found === undefined) throw new EngineError(`configuration key '${name}' not found`);
  const { value, secret } = found;
  context.out(flags.has("--json") ? `${JSON.stringify({ value, secret }, null, 2)}\n` : `${value}\n`);
}

async function configValues(
  context: CommandContext,
): Promise<{ values: ReadonlyMap<string, ConfigValue>; project: string }> {
  const { project, id } = await stackContext(context);
  const given =
    context.invocation.flags.get("--config-file") ?? context.environment.PULUMI_OPTION_CONFIG_FILE;
  const config = await loadConfig(project, id.stack, given || undefined);
  const passphrase = await passphraseOf(context.environment);
  const needsKey = hasSecretConfig(config) && config.salt !== undefined;
  const crypter = needsKey ? await context.crypters.get(config.salt ?? "", passphrase()) : undefined;
  return { values: resolveConfig(config, crypter), project: project.name };
}
