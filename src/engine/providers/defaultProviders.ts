import type { ConfigValue } from "../config.ts";
import { EngineError } from "../errors.ts";
import { type Goal, newGoal } from "../goal.ts";
import type { ResourceState } from "../state.ts";
import { providerReference, providerType } from "../urn.ts";
import { type PropertyMap, Secret, UNKNOWN } from "../value.ts";
import { INTERNAL_KEY } from "./registry.ts";

/** Which default provider a resource asks for. */
export interface ProviderRequest {
  readonly pkg: string;
  readonly version: string;
  readonly pluginDownloadUrl: string;
}

/** Registers one provider resource per package, version and download URL, on first use. */
export class DefaultProviders {
  readonly #config: ReadonlyMap<string, ConfigValue>;
  readonly #register: (goal: Goal) => Promise<ResourceState>;
  readonly #references = new Map<string, Promise<string>>();

  constructor(config: ReadonlyMap<string, ConfigValue>, register: (goal: Goal) => Promise<ResourceState>) {
    this.#config = config;
    this.#register = register;
  }

  /** The reference of the default provider for `request`. */
  get(request: ProviderRequest): Promise<string> {
    const key = `${request.pkg}\0${request.version}\0${request.pluginDownloadUrl}`;
    const reference = this.#references.get(key) ?? this.#make(request);
    this.#references.set(key, reference);
    return reference;
  }

  async #make(request: ProviderRequest): Promise<string> {
    const disabled = this.#config.get("pulumi:disable-default-providers")?.value ?? "";
    if (request.pkg !== "pulumi" && isDisabled(disabled, request.pkg)) {
      throw new EngineError(
        `default provider for '${request.pkg}' disabled by 'pulumi:disable-default-providers'; the resource must use an explicit provider`,
      );
    }
    const { urn, id } = await this.#register(
      newGoal({
        type: providerType(request.pkg),
        name: defaultName(request),
        custom: true,
        properties: this.#inputs(request),
      }),
    );
    // One that could not be configured has no id: what needs it is skipped, or the run has ended.
    return providerReference(urn, id || UNKNOWN);
  }

  #inputs({ pkg, version, pluginDownloadUrl }: ProviderRequest): PropertyMap {
    const inputs: PropertyMap = {};
    for (const [key, { value, secret }] of this.#config) {
      if (key.startsWith(`${pkg}:`)) inputs[key.slice(pkg.length + 1)] = secret ? new Secret(value) : value;
    }
    if (version !== "") inputs.version = version;
    const internal: PropertyMap = pluginDownloadUrl === "" ? {} : { pluginDownloadURL: pluginDownloadUrl };
    if (version !== "" || pluginDownloadUrl !== "") inputs[INTERNAL_KEY] = internal;
    return inputs;
  }
}

function isDisabled(list: string, pkg: string): boolean {
  const names = list === "" ? [] : (JSON.parse(list) as string[]);
  return names.some((name) => name.trim() === "*" || name.trim() === pkg);
}

/** `default`, `default_1_2_3` or `default_1_2_3_<url>`. */
function defaultName({ version, pluginDownloadUrl }: ProviderRequest): string {
  const parts = version === "" ? [] : version.split(/[.+-]/);
  const url = pluginDownloadUrl.replace(/^[a-z]+:\/\//, "").replace(/[^A-Za-z0-9_./-]/g, "_");
  return ["default", ...parts, ...(url === "" ? [] : [url])].join("_");
}
