export { readEnvironmentConfig } from "./environment.ts";
export { type PlatformOutputs, providerArgs, referPlatform } from "./platformOutputs.ts";
export { PlatformStack, type PlatformStackArgs } from "./platformStack.ts";
export { postgresUrl, serverAddress } from "./postgresUrl.ts";
export { getRecord, isNothingWanted, isRegistrationProtected, refuseRecorded } from "./record.ts";
export { toRunError } from "./runError.ts";
export { type StackTarget, targetOfStack } from "./stackName.ts";
export { TenantryProvider } from "./tenantryProvider.ts";
export { TenantStack, type TenantStackArgs } from "./tenantStack.ts";
