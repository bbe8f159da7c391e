export { isLoopback } from "./secretClient.ts";
export { type FoundSecret, openVault, type SecretVault } from "./secretVault.ts";
export { VaultRefusedError, VaultUnreachableError } from "./vaultErrors.ts";
