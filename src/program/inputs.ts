import type * as pulumi from "@pulumi/pulumi";

/** Plain inputs of a resource (`tenant/resources.ts`), each of which may also be another resource's output. */
export type InputsOf<Plain> = { readonly [Key in keyof Plain]: pulumi.Input<Plain[Key]> };
