import type * as pulumi from "@pulumi/pulumi";

/** Plain inputs of a resource (`tenant/resources.ts`), each of which may also be another resource's output. */
export type InputsOf<Plain> = { readonly [Key in keyof Plain]: pulumi.Input<Plain[Key]> };

/**
 * An output, or something to go on with where there is none: a destroy that runs the program answers nothing for
 * what was never made or is already gone, and skips what is made from it.
 */
export function madeOr<T>(output: pulumi.Output<T>, instead: T): pulumi.Output<T> {
  return output.apply((made: T | undefined) => made ?? instead);
}
