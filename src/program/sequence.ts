import type * as pulumi from "@pulumi/pulumi";

/** Resources of one component, one after another: each depends on the one before it, so deletes run backwards. */
export class Sequence {
  readonly #parent: pulumi.ComponentResource;
  readonly #declared: pulumi.Resource[] = [];

  constructor(parent: pulumi.ComponentResource) {
    this.#parent = parent;
  }

  /** Everything declared so far, in order. */
  get declared(): readonly pulumi.Resource[] {
    return [...this.#declared];
  }

  /** Declares the next resource with the options that put it behind the last one. */
  add<Declared extends pulumi.Resource>(
    declare: (options: pulumi.CustomResourceOptions) => Declared,
  ): Declared {
    const resource = declare({ parent: this.#parent, dependsOn: this.#declared.slice(-1) });
    this.#declared.push(resource);
    return resource;
  }
}
