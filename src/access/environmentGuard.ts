import { armUrl } from "../edge/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { ProviderConfig } from "../tenant/resources.ts";

const LOCAL_ENVIRONMENT = "local";

/** Refuses (`E_WRONG_ENVIRONMENT`) an environment other than `local` whose Resource Manager or vault is this machine. */
export function assertEnvironment(config: ProviderConfig): void {
  refuseLoopback(config, "Resource Manager", hostOf(armUrl()));
  refuseLoopback(config, "the platform vault", hostOf(config.platformVaultUrl));
  refuseLoopback(config, "the tenants' vault", hostOf(config.tenantVaultUrl));
}

/** Refuses (`E_WRONG_ENVIRONMENT`) a loopback `host` of master or a server outside `local`. */
export function refuseLoopback(config: ProviderConfig, what: string, host: string): void {
  if (config.environment === LOCAL_ENVIRONMENT || !isLoopbackHost(host)) return;
  throw new UserError(
    "E_WRONG_ENVIRONMENT",
    `environment '${config.environment}': ${what} is at '${host}', which is this machine; expected an address of '${config.environment}'.`,
    { hint: "Unset what `tenantry local env` exported, or run with `--env local`." },
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d+){3}$/.test(host);
}
