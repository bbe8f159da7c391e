import { type Deployer, openDeployer } from "../deploy/index.ts";
import { profileTarget } from "../edge/index.ts";
import { type Observer, openObserver } from "../status/index.ts";
import { MASTER_READ_SECRET } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import { notAllowedIn } from "../tenant/notAllowed.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** Opens the environment's engine, and makes this process's own clients use the same environment. */
export async function openSession(
  options: CommonOptions,
  context: CliContext,
  extras: { readonly isDryRun?: boolean; readonly isOnlyLooking?: boolean } = {},
): Promise<Deployer> {
  const { default: program } = await import("../provision.ts");
  const deployer = await openDeployer({
    root: context.root,
    environment: options.env,
    program,
    signal: context.signal,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(extras.isDryRun === true ? { isDryRun: true } : {}),
    ...(extras.isOnlyLooking === true ? { isOnlyLooking: true } : {}),
  });
  Object.assign(process.env, deployer.variables);
  return deployer;
}

/**
 * Connects to master as its reader. Throws `E_UNREACHABLE` where the platform isn't there or doesn't answer, and
 * `PROVISIONING_UNAVAILABLE` where the identity that runs this may not ask.
 */
export async function openStatusObserver(deployer: Deployer, environment: string): Promise<Observer> {
  const outputs = await deployer.outputs(environment);
  const { platformVaultUrl, tenantVaultUrl, originGroupId, endpointHost } = outputs;
  if (typeof platformVaultUrl !== "string" || typeof tenantVaultUrl !== "string") {
    throw new UserError("E_UNREACHABLE", `environment '${environment}' has no platform yet.`, {
      hint: "`tenantry up --platform` makes it.",
    });
  }
  try {
    return await openObserver({
      ...{ platformVaultUrl, tenantVaultUrl, masterRef: MASTER_READ_SECRET },
      ...(typeof originGroupId === "string" ? { edge: profileTarget(originGroupId) } : {}),
      ...(typeof endpointHost === "string" ? { endpointHost } : {}),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const denied = notAllowedIn(why, error);
    if (denied !== undefined) throw denied;
    throw new UserError("E_UNREACHABLE", `master of '${environment}': ${why}`, { cause: error });
  }
}

/** Asks master where a tenant's purge stands. */
export async function readPurgeState(
  deployer: Deployer,
  environment: string,
  slug: string,
): ReturnType<Observer["purgeState"]> {
  const observer = await openStatusObserver(deployer, environment);
  try {
    return await observer.purgeState(slug);
  } finally {
    await observer.close();
  }
}
