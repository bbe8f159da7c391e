import type net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { FaultEffect } from "../faults/index.ts";
import type { FaultProxyOrder } from "./faultProxy.ts";
import {
  failingQuery,
  fatalError,
  firstMessage,
  MessageReader,
  statementOf,
  typeOf,
} from "./wireMessages.ts";

const MESSAGE = "a fault that was set with `tenantry local fault add` fails this";
/** The proxy itself answers that there is no encryption, as the server would. */
const NO_ENCRYPTION = "N";
const SYNC = "S";
const PARSE = "P";
const READY = "Z";

/** One client's connection through the proxy. */
export class FaultySession {
  readonly #client: net.Socket;
  readonly #upstream: net.Socket;
  readonly #order: FaultProxyOrder;
  readonly #fromClient = new MessageReader();
  readonly #fromServer = new MessageReader();
  /** Messages of the client, one after the other: latency holds up what comes behind. */
  #turn: Promise<void> = Promise.resolve();
  #isStarted = false;
  /** The login is done. */
  #isReady = false;
  #isSilent = false;
  /** The server crashes with what it has under way. */
  #isCrashing = false;
  /** The server carries out what it has; then the client is cut off and never hears. */
  #isCutWhenReady = false;
  /** A failing query stands for an extended one, whose other messages must not reach the server. */
  #isSkipping = false;

  constructor(client: net.Socket, upstream: net.Socket, order: FaultProxyOrder) {
    this.#client = client;
    this.#upstream = upstream;
    this.#order = order;
    client.on("data", (chunk) => this.#onClientData(chunk));
    upstream.on("data", (chunk) => this.#onServerData(chunk));
  }

  /** Cuts both sides. */
  end(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #onClientData(chunk: Buffer): void {
    for (const message of this.#fromClient.read(chunk, () => this.#isStarted)) {
      const statement = this.#isStarted ? statementOf(message) : this.#start(message);
      if (statement === false) continue;
      this.#turn = this.#turn.then(() => this.#pass(message, statement));
    }
  }

  /** The login's text; false for a message that the server must not see. */
  #start(message: Buffer): string | false | undefined {
    const first = firstMessage(message);
    if (first.kind === "encryption") {
      this.#client.write(NO_ENCRYPTION);
      return false;
    }
    this.#isStarted = true;
    return first.kind === "login" ? `CONNECT ${first.database}` : undefined;
  }

  async #pass(message: Buffer, statement: string | undefined): Promise<void> {
    if (this.#isSilent) return;
    if (this.#isSkipping) {
      if (typeOf(message) === SYNC) this.#isSkipping = false;
      return;
    }
    const effect = statement === undefined ? undefined : this.#order.strike(statement);
    await this.#strike(effect, message);
  }

  async #strike(effect: FaultEffect | undefined, message: Buffer): Promise<void> {
    switch (effect?.kind) {
      case "silence":
        this.#isSilent = true;
        return;
      case "sqlState":
        this.#fail(effect.sqlState, message);
        return;
      case "cut":
        if (effect.moment === "before") {
          this.end();
          return;
        }
        this.#isCutWhenReady = true;
        break;
      case "latency":
        await pause(effect.latencyMs);
        break;
      case "crash":
        this.#isCrashing = true;
        this.#order.crash(effect.restartAfterMs);
        break;
    }
    this.#upstream.write(message);
  }

  #fail(sqlState: string, message: Buffer): void {
    if (!this.#isReady) {
      this.#client.end(fatalError(sqlState, MESSAGE));
      return;
    }
    this.#isSkipping = typeOf(message) === PARSE;
    this.#upstream.write(failingQuery(sqlState, MESSAGE));
  }

  #onServerData(chunk: Buffer): void {
    for (const message of this.#fromServer.read(chunk, () => true)) {
      const isReady = typeOf(message) === READY;
      if (isReady && this.#isCutWhenReady) {
        this.end();
        return;
      }
      const isHidden = this.#isSilent || this.#isCrashing || (this.#isCutWhenReady && this.#isReady);
      if (!isHidden) this.#client.write(message);
      if (isReady) this.#isReady = true;
    }
  }
}
