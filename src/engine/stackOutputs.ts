import { hasSecrets } from "./checkpoint.ts";
import { type CommandContext, type StackContext, stackId } from "./commandContext.ts";
import { EngineError } from "./errors.ts";
import { secretsOf } from "./stackFile.ts";
import { valueFromJson } from "./stateJson.ts";
import { ROOT_STACK_TYPE } from "./urn.ts";
import type { PropertyMap } from "./value.ts";

/** Outputs of another stack of the same backend, as a stack reference reads them. */
export async function readStackOutputs(
  context: CommandContext,
  from: StackContext,
  name: string,
): Promise<PropertyMap> {
  const id = stackId(name, from.id.project);
  const file = await from.backend.readState(id);
  if (file === undefined) throw new EngineError(`unknown stack "${name}"`);
  const { deployment } = file.state;
  const root = deployment.resources?.find((state) => state.type === ROOT_STACK_TYPE && !state.parent);
  const outputs = root?.outputs;
  if (root === undefined || outputs === undefined) return {};
  const secrets = await secretsOf(context, deployment, undefined);
  if (hasSecrets({ outputs })) await secrets?.unlock();
  const urn = String(root.urn);
  return valueFromJson(outputs, urn, (ciphertext) => {
    if (secrets === undefined)
      throw new EngineError(`the outputs of stack '${name}' are encrypted without a salt`);
    return secrets.decrypt(urn, ciphertext);
  }) as PropertyMap;
}
