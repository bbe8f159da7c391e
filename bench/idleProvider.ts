import type { Provider } from "../src/engine/index.ts";

/** A provider that does nothing: whatever is asked for is there at once, as it was asked; a read may find another value. */
export function idleProvider(isDrifting: () => boolean = () => false): Provider {
  const noChange = {
    changes: "none",
    replaceKeys: [],
    stableKeys: [],
    changedKeys: [],
    detailedDiff: undefined,
    deleteBeforeReplace: false,
  } as const;
  return {
    checkConfig: async ({ news }) => ({ inputs: news, failures: [] }),
    diffConfig: async () => noChange,
    configure: async () => undefined,
    check: async ({ news }) => ({ inputs: news, failures: [] }),
    diff: async ({ oldInputs, newInputs }) =>
      oldInputs.value === newInputs.value ? noChange : { ...noChange, changes: "some" },
    create: async ({ inputs, preview }) => ({
      id: preview ? "" : "made",
      outputs: { ...inputs, made: "yes" },
      initErrors: [],
    }),
    read: async ({ id, inputs, outputs }) => ({
      id,
      inputs,
      outputs: isDrifting() ? { ...outputs, made: `${outputs.made} again` } : outputs,
      initErrors: [],
    }),
    update: async ({ newInputs }) => ({ outputs: { ...newInputs, made: "yes" }, initErrors: [] }),
    delete: async () => undefined,
    invoke: async () => ({ result: {}, failures: [] }),
    close: () => undefined,
  };
}
