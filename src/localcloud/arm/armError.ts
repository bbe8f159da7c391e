/** A refusal in Resource Manager's shape: HTTP status, Microsoft's code, message. */
export class ArmError extends Error {
  override readonly name = "ArmError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** The body Resource Manager answers. */
  body(): { readonly error: { readonly code: string; readonly message: string } } {
    return { error: { code: this.code, message: this.message } };
  }
}

/** 404 for a resource under an existing group. */
export function resourceNotFound(type: string, name: string, group: string): ArmError {
  return new ArmError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${group}' was not found.`,
  );
}

/** 404 for a missing resource group. */
export function groupNotFound(group: string): ArmError {
  return new ArmError(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
}

/** 400 that names what the local cloud cannot do. */
export function unsupported(message: string): ArmError {
  return new ArmError(400, "UnsupportedByLocalCloud", message);
}
