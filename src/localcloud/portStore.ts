import { findFreePort } from "./ports.ts";
import type { Ports } from "./service.ts";
import type { Store } from "./store.ts";

const NAMESPACE = "ports";

/** Ports kept in the store. */
export function openPorts(store: Store): Ports {
  const searching = new Map<string, Promise<number>>();
  const find = async (name: string) => {
    const port = await findFreePort(new Set(store.list<number>(NAMESPACE).map(({ doc }) => doc)));
    await store.put(NAMESPACE, name, port);
    return port;
  };
  return {
    reserve: async (name) => {
      const kept = store.get<number>(NAMESPACE, name);
      if (kept !== undefined) return kept;
      const search = searching.get(name) ?? find(name).finally(() => searching.delete(name));
      searching.set(name, search);
      return search;
    },
    release: (name) => store.delete(NAMESPACE, name),
  };
}
