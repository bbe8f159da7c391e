import { type DeploymentJson, hasSecrets } from "../checkpoint.ts";
import { type CommandContext, stackContext } from "../commandContext.ts";
import { EngineError, misuse } from "../errors.ts";
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
  const { flags, positional } = context.invocation;
  if (flags.has("--json") && flags.has("--shell")) throw misuse("only one of --json and --shell may be set");
  const stack = await stackContext(context);
  const { deployment } = await readStack(stack);
  const values = await outputValues(context, deployment, flags.has("--show-secrets"));
  const name = positional[0];
  if (name !== undefined && !Object.hasOwn(values, name))
    throw new EngineError(`current stack does not have output property '${name}'`);
  if (flags.has("--json"))
    context.out(`${JSON.stringify(name === undefined ? values : values[name], null, 2)}\n`);
  else if (flags.has("--shell"))
    context.out(shellScript(name === undefined ? values : { [name]: values[name] }));
  else context.out(name === undefined ? lines(values) : `${textOf(values[name])}\n`);
}

function lines(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}  ${textOf(value)}\n`)
    .join("");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Assignments for a POSIX shell, sorted by name. */
function shellScript(values: Readonly<Record<string, unknown>>): string {
  return Object.keys(values)
    .sort()
    .map((key) => `${key}=${shellQuoted(textOf(values[key]))}\n`)
    .join("");
}

/** A word that a shell takes as the text itself. */
function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
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
