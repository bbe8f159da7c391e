import { setTimeout as delay } from "node:timers/promises";
import type grpc from "@grpc/grpc-js";
import { openShared } from "../access/index.ts";
import { Connection, type ProviderOptions } from "./connection.ts";
import { CLOSE_PATIENCE_MS } from "./server.ts";
import { providerService } from "./service.ts";

/** The provider for an engine of this process, without a server. */
export interface OpenProvider {
  /**
   * The methods of one more instance, as `pulumirpc.ResourceProvider` has them. What a connection is to a served
   * provider, an instance is here: each is configured and cancelled by itself.
   */
  instance(): grpc.UntypedServiceImplementation;
  /** Waits a moment for calls under way; one that the engine gave up may never end. */
  close(): Promise<void>;
}

/** Opens the provider `tenantry` in this process; any number of instances and stacks may use it at once. */
export function openProvider(options: ProviderOptions = {}): OpenProvider {
  const shared = openShared();
  const underWay = new Set<Promise<void>>();
  const closeAll = async () => {
    await Promise.all(underWay);
    await shared.pool.release();
  };
  return {
    instance: () => {
      const connection = new Connection(shared, options);
      return noting(
        providerService(() => connection),
        underWay,
      );
    },
    close: () => Promise.race([closeAll(), delay(CLOSE_PATIENCE_MS, undefined, { ref: false })]),
  };
}

/** The same methods, each of whose calls is in `underWay` until it is answered. */
function noting(
  service: grpc.UntypedServiceImplementation,
  underWay: Set<Promise<void>>,
): grpc.UntypedServiceImplementation {
  const noted = (handle: grpc.handleUnaryCall<unknown, unknown>): grpc.handleUnaryCall<unknown, unknown> => {
    return (call, callback) => {
      const answered = new Promise<void>((resolve) => {
        handle(call, (...answer) => {
          callback(...answer);
          resolve();
        });
      });
      underWay.add(answered);
      answered.then(() => underWay.delete(answered));
    };
  };
  return Object.fromEntries(
    Object.entries(service).map(([name, handle]) => [
      name,
      noted(handle as grpc.handleUnaryCall<unknown, unknown>),
    ]),
  );
}
