import { type Access, openAccess, openShared, startAuditedRun } from "../access/index.ts";
import { type Deployer, killPointsOf } from "../deploy/index.ts";
import type { Run } from "../registry/index.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { UserError } from "../tenant/errors.ts";
import { providerConfigOf } from "../tenant/providerConfig.ts";
import type { ProviderConfig } from "../tenant/resources.ts";

/** What every operation gets beside its own arguments. */
export interface OperationContext {
  /** The project's root: the folder with Pulumi.yaml. */
  readonly root: string;
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly deployer: Deployer;
  /** Vaults, master, servers and edge, as the identity that runs this. */
  readonly access: Access;
  /** Names and addresses of the environment; no credential. */
  readonly provider: ProviderConfig;
  /** Who and which run: rows of audit and phases bear it. */
  readonly run: Run;
  /** Aborted by Ctrl-C: the step under way finishes, nothing new begins. */
  readonly signal: AbortSignal;
  /** Waits for a tenant that another run holds; else that is `E_LOCKED` at once. */
  readonly isPatient: boolean;
  /** Tells what is under way, in a line without a secret. */
  note(text: string): void;
  /** A place inside an operation where tests try a crash: `<operation>:<substep>`. */
  point(name: string): void;
}

/** What {@link openOperations} takes. */
export type OperationOptions = Pick<
  OperationContext,
  "root" | "config" | "deployer" | "signal" | "isPatient" | "note"
>;

/** Opens an environment whose platform is up; `E_UNREACHABLE` where it isn't. `close` ends its connections. */
export async function openOperations(
  options: OperationOptions,
): Promise<OperationContext & { close(): Promise<void> }> {
  const { config, deployer, root } = options;
  const { platformVaultUrl, tenantVaultUrl } = await deployer.outputs(config.environment);
  if (typeof platformVaultUrl !== "string" || typeof tenantVaultUrl !== "string") {
    throw new UserError("E_UNREACHABLE", `environment '${config.environment}' has no platform yet.`, {
      hint: "`tenantry up --platform` makes it.",
    });
  }
  const provider = providerConfigOf(config, { platformVaultUrl, tenantVaultUrl });
  const access = openAccess(provider, openShared());
  const run = await startAuditedRun(root);
  const { environment } = config;
  const point = killPointsOf(process.env) ?? (() => undefined);
  return { ...options, environment, provider, access, run, point, close: () => access.release() };
}
