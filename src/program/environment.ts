import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import { parseEnvironmentConfig } from "../tenant/parseEnvironmentConfig.ts";

const NAMESPACE = "tenantry:";

/**
 * The running stack's config, checked. Throws `E_NO_CONFIG` where the CLI ran without the environment's file, and
 * `E_WRONG_ENVIRONMENT` where it ran with another's; both before any resource.
 */
export function readEnvironmentConfig(environment: string): EnvironmentConfig {
  const file = `stacks/Pulumi.${environment}.yaml`;
  const values = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(NAMESPACE))
    .map(([key, text]) => [key.slice(NAMESPACE.length), parseConfigValue(text)] as const);
  const stack = pulumi.getStack();
  if (values.length === 0) {
    throw new UserError("E_NO_CONFIG", `stack '${stack}': expected the config of ${file}; got none.`, {
      hint: `Set PULUMI_OPTION_CONFIG_FILE=${file} or pass \`--config-file ${file}\`, and delete the stray Pulumi.${stack}.yaml that Pulumi wrote.`,
    });
  }
  const config = parseEnvironmentConfig(Object.fromEntries(values), file);
  if (config.environment === environment) return config;
  throw new UserError(
    "E_WRONG_ENVIRONMENT",
    `stack '${stack}': expected the config of '${environment}'; got that of '${config.environment}'.`,
    { hint: `Pass \`--config-file ${file}\`.` },
  );
}

/** Pulumi hands every value over as text: objects and lists as JSON, numbers and booleans as they are written. */
export function parseConfigValue(text: string): unknown {
  return /^(?:[[{]|-?\d+$|true$|false$)/.test(text) ? JSON.parse(text) : text;
}
