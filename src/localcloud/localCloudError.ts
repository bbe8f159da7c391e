/** What stops the local cloud and can be put right by its user; `code` is one of the program's own codes. */
export class LocalCloudError extends Error {
  override readonly name = "LocalCloudError";
  readonly code: LocalCloudCode;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(code: LocalCloudCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * `E_NOT_SUPPORTED`: not on this kind of machine, or no such identity. `E_UNREACHABLE`: it did not start or answer.
 * `E_STATE`: damaged. `E_NO_CONFIG`: no stacks/Pulumi.local.yaml. `E_LOCKED`: another process is at it.
 */
export type LocalCloudCode = "E_NOT_SUPPORTED" | "E_UNREACHABLE" | "E_STATE" | "E_NO_CONFIG" | "E_LOCKED";
