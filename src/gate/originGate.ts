import type http from "node:http";
import { openGate } from "./gate.ts";
import { createGateServer } from "./gateServer.ts";

/** What a gate in a process of somebody else's is made from. */
export interface OriginGateOptions {
  /** Master's read-only URL, asked for at every connection; undefined while there is none. */
  readonly masterUrl: () => Promise<string | undefined>;
  /** The application behind it. */
  readonly upstream: string;
  /** Told once why master can't be asked, and again when the reason is another. */
  readonly onMasterAway: (reason: string) => void;
}

/** A gate that is on, behind a proxy that is trusted. */
export interface OriginGate {
  /** Listens nowhere yet. */
  readonly server: http.Server;
  /** Lets go of master; the server is the caller's to close. */
  close(): Promise<void>;
}

/**
 * Front Door's origin in `local`: `bin/local-cloud.mjs` hands this function to the local cloud, which imports nothing of
 * ours. Apart from `index.ts`, so that its bundle holds no Azure client.
 */
export function openOriginGate({ masterUrl, upstream, onMasterAway }: OriginGateOptions): OriginGate {
  let told: string | undefined;
  const gate = openGate({
    enabled: true,
    masterUrl,
    onMasterAway: (reason) => {
      if (reason !== told) onMasterAway(reason);
      told = reason;
    },
  });
  return { server: createGateServer(gate, { upstream, isProxyTrusted: true }), close: () => gate.close() };
}
