import type { PropertyMap } from "../value.ts";

/** A property that a provider refuses, and why. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckRequest {
  readonly urn: string;
  /** Empty for a resource that isn't there yet. */
  readonly olds: PropertyMap;
  readonly news: PropertyMap;
  readonly preview: boolean;
}

export interface CheckResponse {
  readonly inputs: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface PropertyDiff {
  readonly kind: DiffKind;
  readonly inputDiff: boolean;
}

export interface DiffRequest {
  readonly urn: string;
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly ignoreChanges: readonly string[];
  readonly preview: boolean;
}

export interface DiffResult {
  readonly changes: "none" | "some" | "unknown";
  readonly replaceKeys: readonly string[];
  readonly stableKeys: readonly string[];
  readonly changedKeys: readonly string[];
  readonly detailedDiff: Readonly<Record<string, PropertyDiff>> | undefined;
  readonly deleteBeforeReplace: boolean;
}

export interface CreateRequest {
  readonly urn: string;
  readonly inputs: PropertyMap;
  readonly timeoutSeconds: number;
  readonly preview: boolean;
}

export interface CreateResponse {
  /** Empty in a preview. */
  readonly id: string;
  readonly outputs: PropertyMap;
  /** Why the resource, though made, isn't ready; empty when it is. */
  readonly initErrors: readonly string[];
}

export interface UpdateRequest {
  readonly urn: string;
  readonly id: string;
  readonly oldInputs: PropertyMap;
  readonly oldOutputs: PropertyMap;
  readonly newInputs: PropertyMap;
  readonly timeoutSeconds: number;
  readonly ignoreChanges: readonly string[];
  readonly preview: boolean;
}

export interface UpdateResponse {
  readonly outputs: PropertyMap;
  readonly initErrors: readonly string[];
}

export interface DeleteRequest {
  readonly urn: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly timeoutSeconds: number;
}

export interface ReadRequest {
  readonly urn: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly timeoutSeconds: number;
}

export interface ReadResponse {
  /** Empty when the resource is gone. */
  readonly id: string;
  readonly outputs: PropertyMap;
  /** Undefined when the provider says nothing about inputs. */
  readonly inputs: PropertyMap | undefined;
  readonly initErrors: readonly string[];
}

export interface InvokeRequest {
  readonly token: string;
  readonly args: PropertyMap;
  readonly preview: boolean;
}

export interface InvokeResponse {
  readonly result: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

/** A provider instance: a plugin's connection, or a part of the engine that acts as one. */
export interface Provider {
  /** Checks the config of the provider resource `request.urn`. */
  checkConfig(request: CheckRequest): Promise<CheckResponse>;
  diffConfig(request: DiffRequest): Promise<DiffResult>;
  /** Must come before all of the below. */
  configure(urn: string, id: string, inputs: PropertyMap): Promise<void>;
  check(request: CheckRequest): Promise<CheckResponse>;
  diff(request: DiffRequest): Promise<DiffResult>;
  create(request: CreateRequest): Promise<CreateResponse>;
  read(request: ReadRequest): Promise<ReadResponse>;
  update(request: UpdateRequest): Promise<UpdateResponse>;
  delete(request: DeleteRequest): Promise<void>;
  invoke(request: InvokeRequest): Promise<InvokeResponse>;
  close(): void;
}

export const NO_DIFF: DiffResult = {
  changes: "none",
  replaceKeys: [],
  stableKeys: [],
  changedKeys: [],
  detailedDiff: undefined,
  deleteBeforeReplace: false,
};

/** A diff that replaces, blaming `key`. */
export function replaceDiff(key: string): DiffResult {
  return { ...NO_DIFF, changes: "some", replaceKeys: [key] };
}

/** Whether a diff asks for a replacement. */
export function isReplace(diff: DiffResult): boolean {
  const details = Object.values(diff.detailedDiff ?? {});
  return diff.replaceKeys.length > 0 || details.some(({ kind }) => kind.endsWith("-replace"));
}

/** Makers of provider instances by package. */
export type ProvidersOfProcess = Readonly<Record<string, () => Provider>>;
