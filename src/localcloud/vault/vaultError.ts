/** A refusal in Key Vault's shape: HTTP status, Microsoft's code and words, and for a 409 or 403 the reason within. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly status: number;
  readonly code: string;
  readonly reason: string | undefined;

  constructor(status: number, code: string, message: string, reason?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.reason = reason;
  }

  /** The body that Key Vault answers. */
  body(): object {
    const inner = this.reason === undefined ? {} : { innererror: { code: this.reason } };
    return { error: { code: this.code, message: this.message, ...inner } };
  }
}

export function secretNotFound(id: string): VaultError {
  return new VaultError(
    404,
    "SecretNotFound",
    `A secret with (name/id) ${id} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );
}

export function deletedSecretNotFound(name: string): VaultError {
  return new VaultError(404, "SecretNotFound", `Deleted Secret not found: ${name}`);
}

export function isDeleted(name: string): VaultError {
  return new VaultError(
    409,
    "Conflict",
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
    "ObjectIsDeletedButRecoverable",
  );
}

export function isBeingDeleted(name: string): VaultError {
  return new VaultError(
    409,
    "Conflict",
    `Secret ${name} is currently being deleted and cannot be re-created; retry later.`,
    "ObjectIsBeingDeleted",
  );
}

export function isBeingRecovered(name: string): VaultError {
  return new VaultError(
    409,
    "Conflict",
    `Secret ${name} is currently being recovered and cannot be re-created; retry later.`,
    "ObjectIsBeingRecovered",
  );
}

export function isDisabled(): VaultError {
  return new VaultError(
    403,
    "Forbidden",
    "Operation get is not allowed on a disabled secret.",
    "SecretDisabled",
  );
}

export function isPurgeProtected(vault: string): VaultError {
  return new VaultError(
    403,
    "Forbidden",
    `Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.\r\nVault: ${vault}`,
  );
}

export function tooManyRequests(): VaultError {
  return new VaultError(
    429,
    "Throttled",
    "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
  );
}

export function badParameter(message: string): VaultError {
  return new VaultError(400, "BadParameter", message);
}
