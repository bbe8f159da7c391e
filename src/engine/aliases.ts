import type { RunContext } from "./deploymentContext.ts";
import { StepFailure } from "./deploymentContext.ts";
import type { AliasSpec, Goal } from "./goal.ts";
import type { ResourceState } from "./state.ts";
import { createUrn, nameOfUrn, parseUrn, ROOT_STACK_TYPE, typeOfUrn } from "./urn.ts";

/** Finds the old state of a resource under its URN or an alias, and remembers who took which. */
export class AliasBook {
  readonly #context: RunContext;
  /** Old URN by the new one that took it over. */
  readonly #oldUrns = new Map<string, string>();
  /** New URN by the old one. */
  readonly #newUrns = new Map<string, string>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** The URN that took over `urn`, if one did. */
  successorOf(urn: string): string | undefined {
    return this.#newUrns.get(urn);
  }

  /** The old state of `urn`, and the alias it was found under. */
  find(
    urn: string,
    goal: Pick<Goal, "name" | "type" | "parent" | "aliases">,
    isRegistered: (urn: string) => boolean,
  ): { readonly old: ResourceState | undefined; readonly alias: string } {
    const own = this.#context.olds.get(urn);
    if (own !== undefined && !this.#newUrns.has(urn)) return { old: own, alias: "" };
    if (this.#newUrns.has(urn)) {
      throw new StepFailure(
        urn,
        `Duplicate resource URN '${urn}': '${this.#newUrns.get(urn)}' has it as an alias`,
      );
    }
    const alias = this.#candidates(goal).find((candidate) => this.#context.olds.has(candidate));
    if (alias === undefined) return { old: undefined, alias: "" };
    if (isRegistered(alias) || this.#newUrns.has(alias)) {
      throw new StepFailure(
        urn,
        `Duplicate resource alias '${alias}' of '${urn}': another resource has that URN`,
      );
    }
    this.#oldUrns.set(urn, alias);
    this.#newUrns.set(alias, urn);
    this.#context.registry.registerAlias(urn, alias);
    return { old: this.#context.olds.get(alias), alias };
  }

  /** All URNs the goal may be known under: its own aliases, and those that follow from its parent's. */
  #candidates({
    name,
    type,
    parent,
    aliases,
  }: Pick<Goal, "name" | "type" | "parent" | "aliases">): readonly string[] {
    const own = aliases.map((alias) => this.#urnOf(alias, name, type, parent));
    const parentAlias = this.#oldUrns.get(parent);
    if (parentAlias === undefined) return own;
    const inherit = (childType: string, childName: string): string =>
      this.#inherited(childType, childName, nameOfUrn(parent), parentAlias);
    return [...own, inherit(type, name), ...own.map((urn) => inherit(typeOfUrn(urn), nameOfUrn(urn)))];
  }

  #urnOf(alias: AliasSpec, name: string, type: string, ownParent: string): string {
    if (alias.urn !== "") return alias.urn;
    const { stack, project } = this.#context.options;
    const parent = alias.parent === "" ? ownParent : (this.#oldUrns.get(alias.parent) ?? alias.parent);
    const isTop = alias.noParent || parent === "" || parseUrn(parent).qualifiedType === ROOT_STACK_TYPE;
    return createUrn(
      alias.stack || stack,
      alias.project || project,
      isTop ? "" : parent,
      alias.type || type,
      alias.name || name,
    );
  }

  /** A child named `<parent>-x` was named `<old parent>-x` under the parent's old name. */
  #inherited(childType: string, childName: string, parentName: string, parentAlias: string): string {
    const { stack, project } = this.#context.options;
    const name = childName.startsWith(parentName)
      ? nameOfUrn(parentAlias) + childName.slice(parentName.length)
      : childName;
    return createUrn(stack, project, parentAlias, childType, name);
  }
}
