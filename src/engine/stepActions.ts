import { type RunContext, type RunOptions, StepFailure } from "./deploymentContext.ts";
import type { Provider } from "./providers/provider.ts";
import { amend, type ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { isProviderType } from "./urn.ts";
import { annotateSecrets, equalMaps, type PropertyMap, Secret, UNKNOWN } from "./value.ts";

/** Why a resource that was made or changed isn't ready; empty when it is. */
export type InitErrors = readonly string[];

const READY: InitErrors = [];

/** Does single steps: calls the provider and puts its answer into the step's state. */
export class StepActions {
  readonly #context: RunContext;
  /** URNs deleted in this run: what is `deletedWith` them needs no call. */
  readonly #deletedUrns = new Set<string>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Whether a provider call is made for this step. */
  callsProvider(step: Step): boolean {
    const { op, old, after } = step;
    const state = after ?? old;
    if (state === undefined || !state.custom || isProviderType(state.type) || step.isSkippedCreate)
      return false;
    if (op === "delete" || op === "delete-replaced") return this.#isDeletedByProvider(state);
    return op === "create" || op === "create-replacement" || op === "update";
  }

  async apply(step: Step): Promise<InitErrors> {
    switch (step.op) {
      case "same":
        return await this.#same(step);
      case "create":
      case "create-replacement":
        return await this.#create(step);
      case "update":
        return await this.#update(step);
      case "read":
      case "read-replacement":
        return await this.#read(step);
      case "delete":
      case "delete-replaced":
      case "discard":
      case "discard-replaced":
        return await this.#delete(step);
      case "refresh":
        return await this.#refresh(step);
      default:
        return READY;
    }
  }

  async #same({ old, after, isSkippedCreate, isUntargeted }: Step): Promise<InitErrors> {
    if (old === undefined || after === undefined || isSkippedCreate || isUntargeted) return READY;
    amend(after, { id: old.id, outputs: old.outputs, carried: old.carried });
    if (isProviderType(after.type)) await this.#context.registry.ensure({ ...after, inputs: old.inputs });
    this.#markSecrets(after);
    return READY;
  }

  async #create({ op, urn, old, after }: Step): Promise<InitErrors> {
    const state = required(after);
    const { preview } = this.#context.options;
    let initErrors = READY;
    if (isProviderType(state.type)) {
      amend(state, await this.#context.registry.create(urn, state.inputs, preview));
    } else if (state.custom) {
      const timeoutSeconds = state.customTimeouts.create;
      const request = { urn, inputs: state.inputs, timeoutSeconds, preview };
      const reply = await this.#providerOf(state).create(request);
      initErrors = reply.initErrors;
      amend(state, { id: reply.id, outputs: reply.outputs, initErrors });
    }
    const now = new Date().toISOString();
    amend(state, { created: now, modified: now });
    if (op === "create-replacement" && old !== undefined && !old.pendingReplacement)
      amend(old, { delete: true });
    this.#markSecrets(state);
    return initErrors;
  }

  async #update({ urn, old, after }: Step): Promise<InitErrors> {
    const [before, state] = [required(old), required(after)];
    const { preview } = this.#context.options;
    let initErrors = READY;
    if (isProviderType(state.type)) {
      amend(state, { outputs: await this.#context.registry.update(urn, before.id, state.inputs) });
    } else if (state.custom) {
      const { id, inputs: oldInputs, outputs: oldOutputs } = before;
      const { inputs: newInputs, ignoreChanges, customTimeouts } = state;
      const request = { urn, id, oldInputs, oldOutputs, newInputs, ignoreChanges, preview };
      const reply = await this.#providerOf(state).update({
        ...request,
        timeoutSeconds: customTimeouts.update,
      });
      initErrors = reply.initErrors;
      amend(state, { outputs: reply.outputs, initErrors });
    }
    if (state.custom) amend(state, { modified: new Date().toISOString() });
    this.#markSecrets(state);
    return initErrors;
  }

  async #read({ urn, old, after }: Step): Promise<InitErrors> {
    const state = required(after);
    let initErrors = READY;
    if (state.id !== UNKNOWN) {
      const { id, inputs } = state;
      const request = { urn, id, inputs, outputs: inputs, timeoutSeconds: state.customTimeouts.read };
      const reply = await this.#providerOf(state).read(request);
      if (reply.id === "") throw new StepFailure(urn, `resource '${id}' does not exist`);
      initErrors = reply.initErrors;
      amend(state, { id: reply.id, outputs: reply.outputs, initErrors });
    }
    if (old !== undefined) this.#carryTimes(old, state);
    if (old !== undefined && !old.external && old.id !== state.id) amend(old, { delete: true });
    this.#markSecrets(state);
    return initErrors;
  }

  /** Reads a resource of the stack anew; drift in inputs is what later plans act on. */
  async #refresh(step: Step): Promise<InitErrors> {
    const old = required(step.old);
    if (!old.custom || isProviderType(old.type) || old.pendingReplacement) {
      step.found = "same";
      return READY;
    }
    const { urn, id, inputs, outputs, customTimeouts } = old;
    const timeoutSeconds = customTimeouts.read;
    const read = await this.#providerOf(old).read({ urn, id, inputs, outputs, timeoutSeconds });
    if (read.id === "") {
      step.after = undefined;
      step.found = "delete";
      return READY;
    }
    const { initErrors } = read;
    const after = {
      ...old,
      serialized: undefined,
      id: read.id,
      inputs: read.inputs ?? inputs,
      outputs: read.outputs,
    };
    step.after = Object.assign(after, { initErrors });
    this.#markSecrets(after);
    const isSame =
      equalMaps(old.inputs, after.inputs) && equalMaps(old.outputs, after.outputs) && read.id === id;
    step.found = isSame || (await this.#isDriftHarmless(old, after)) ? "same" : "update";
    if (!isSame) amend(after, { modified: new Date().toISOString() });
    if (initErrors.length > 0) {
      const list = initErrors.map((reason) => `* ${reason}`).join("\n");
      this.#context.report.warn(urn, `the resource is in an unhealthy state:\n${list}`);
    }
    return READY;
  }

  /** Whether an `up` of the unchanged program would leave the refreshed resource as it is. */
  async #isDriftHarmless(old: ResourceState, after: ResourceState): Promise<boolean> {
    if (old.external) return false;
    const diff = await this.#providerOf(old).diff({
      urn: old.urn,
      id: after.id,
      oldInputs: after.inputs,
      oldOutputs: after.outputs,
      newInputs: old.inputs,
      ignoreChanges: old.ignoreChanges,
      preview: this.#context.options.preview,
    });
    return diff.changes === "none";
  }

  #carryTimes(old: ResourceState, state: ResourceState): void {
    const isSame = equalMaps(old.inputs, state.inputs) && equalMaps(old.outputs, state.outputs);
    const modified = isSame ? old.modified : new Date().toISOString();
    amend(state, { created: old.created, modified });
  }

  async #delete({ op, urn, old, pendingReplacement }: Step): Promise<InitErrors> {
    const state = required(old);
    if (op === "delete" && isProtected(state, this.#context.options))
      throw new StepFailure(urn, protectedText(urn));
    if (!this.#context.options.preview && state.custom && this.#isDeletedByProvider(state)) {
      const { id, inputs, outputs } = state;
      const timeoutSeconds = state.customTimeouts.delete;
      if (!isProviderType(state.type)) {
        await this.#providerOf(state).delete({ urn, id, inputs, outputs, timeoutSeconds });
      }
    }
    this.#deletedUrns.add(urn);
    if (pendingReplacement) amend(state, { pendingReplacement: true });
    return READY;
  }

  #isDeletedByProvider(state: ResourceState): boolean {
    return !state.external && !state.retainOnDelete && !this.#deletedUrns.has(state.deletedWith);
  }

  /** Marks URNs that are about to be deleted together, so that `deletedWith` holds whatever the order. */
  announceDeletes(urns: readonly string[]): void {
    for (const urn of urns) this.#deletedUrns.add(urn);
  }

  #providerOf(state: ResourceState): Provider {
    const provider = this.#context.registry.get(state.provider);
    if (provider === undefined) throw new StepFailure(state.urn, `unknown provider '${state.provider}'`);
    return provider;
  }

  /** Outputs named in `additionalSecretOutputs` and those whose inputs are secret become secret. */
  #markSecrets(state: ResourceState): void {
    if (!state.custom || isProviderType(state.type)) return;
    const outputs: PropertyMap = { ...state.outputs };
    for (const key of state.additionalSecretOutputs) {
      const value = outputs[key];
      if (value !== undefined && !(value instanceof Secret)) outputs[key] = new Secret(value);
    }
    annotateSecrets(outputs, topLevelSecrets(state.inputs));
    if (!equalMaps(outputs, state.outputs)) amend(state, { outputs });
  }
}

function topLevelSecrets(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value instanceof Secret));
}

function required(state: ResourceState | undefined): ResourceState {
  if (state === undefined) throw new Error("internal: a step lacks the state it must have");
  return state;
}

/** Whether a resource must not be deleted in this run. */
export function isProtected({ protect }: ResourceState, { ignoreProtect }: RunOptions): boolean {
  return protect && !ignoreProtect;
}

/** What a protected resource's delete is refused with. */
export function protectedText(urn: string): string {
  return `resource '${urn}' cannot be deleted because it is protected. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``;
}
