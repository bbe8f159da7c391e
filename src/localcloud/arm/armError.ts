import type { JsonMap } from "./armResource.ts";

/** One of several reasons behind a refusal. */
export interface ArmErrorDetail {
  /** Id of the resource it is about. */
  readonly target: string;
  readonly message: string;
}

/** A refusal in Resource Manager's shape: HTTP status, Microsoft's code, message. */
export class ArmError extends Error {
  override readonly name = "ArmError";
  readonly status: number;
  readonly code: string;
  readonly details: readonly ArmErrorDetail[];

  constructor(status: number, code: string, message: string, details: readonly ArmErrorDetail[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** The body Resource Manager answers. */
  body(): { readonly error: JsonMap } {
    const { code, message } = this;
    const details = this.details.map((each) => ({ target: each.target, message: each.message }));
    return { error: { code, message, ...(details.length === 0 ? {} : { details }) } };
  }
}

/** 404 for a resource under an existing group. */
export function resourceNotFound(type: string, name: string, group: string): ArmError {
  return new ArmError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${name}' under resource group '${group}' was not found. ` +
      "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  );
}

/** 404 for anything inside a resource that isn't there. `parent` is its name, `profile/endpoint` when nested. */
export function parentNotFound(parent: string): ArmError {
  return new ArmError(
    404,
    "ParentResourceNotFound",
    `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`,
  );
}

/** 404 for a missing resource group. */
export function groupNotFound(group: string): ArmError {
  return new ArmError(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
}

/** 409 for any change in a group that is being deleted. */
export function groupBeingDeleted(group: string): ArmError {
  return new ArmError(
    409,
    "ResourceGroupBeingDeleted",
    `The resource group '${group}' is in deprovisioning state and cannot perform this operation.`,
  );
}

/** 400 that names what the local cloud cannot do. */
export function unsupported(message: string): ArmError {
  return new ArmError(400, "UnsupportedByLocalCloud", message);
}
