/** A resource option of the Node SDK and what this engine does with it. */
export interface OptionRow {
  readonly option: string;
  /** `sdk`: the SDK does it by itself and the engine never sees it. */
  readonly state: "done" | "sdk" | "refused";
  readonly note?: string;
}

/** Every option that `CustomResourceOptions`, `ComponentResourceOptions` and `get` of the Node SDK have. */
export const OPTIONS: readonly OptionRow[] = [
  { option: "additionalSecretOutputs", state: "done" },
  { option: "aliases", state: "done", note: "by URN, name, type, project, stack and parent" },
  { option: "customTimeouts", state: "done", note: "given to the provider" },
  { option: "deleteBeforeReplace", state: "done", note: "with the dependents that must go first" },
  { option: "deletedWith", state: "done" },
  { option: "dependsOn", state: "done" },
  { option: "envVarMappings", state: "refused" },
  { option: "hideDiffs", state: "refused" },
  { option: "hooks", state: "refused" },
  { option: "id", state: "done", note: "`get`: reads a resource that the stack doesn't own" },
  { option: "ignoreChanges", state: "done", note: "paths, indexes and wildcards" },
  { option: "import", state: "done" },
  { option: "parent", state: "done" },
  { option: "pluginDownloadURL", state: "done", note: "stored; plugins are never downloaded" },
  { option: "protect", state: "done" },
  { option: "provider", state: "done" },
  { option: "providers", state: "done" },
  { option: "replaceOnChanges", state: "done" },
  { option: "replaceWith", state: "done" },
  { option: "replacementTrigger", state: "refused" },
  { option: "retainOnDelete", state: "done" },
  { option: "transformations", state: "sdk" },
  { option: "transforms", state: "refused" },
  { option: "urn", state: "done", note: "a resource of the same stack, read from its state" },
  { option: "version", state: "done" },
];
