/**
 * Configure's result per connection. One attached plugin serves many provider instances of many runs through one
 * process, and nothing but the connection tells them apart (ARCHITECTURE.md, "Attached plugins").
 */
export class Connections<Config> {
  readonly #pluginName: string;
  readonly #configured = new Map<string, { readonly key: string; readonly config: Config }>();

  constructor(pluginName: string) {
    this.#pluginName = pluginName;
  }

  /** Remembers a configuration. Throws when this connection already has another one: they would mix. */
  set(peer: string, key: string, config: Config): void {
    const known = this.#configured.get(peer);
    if (known !== undefined && known.key !== key) {
      throw new Error(
        `${this.#pluginName}: this connection is already configured otherwise; every provider instance needs a connection of its own ` +
          "(grpc-js: set 'grpc.use_local_subchannel_pool')",
      );
    }
    this.#configured.set(peer, { key, config });
  }

  /** The connection's configuration. Throws when Configure was never called on it. */
  get(peer: string): Config {
    const known = this.#configured.get(peer);
    if (known === undefined)
      throw new Error(`${this.#pluginName}: Configure was not called on this connection`);
    return known.config;
  }

  /** Forgets a closed connection. */
  delete(peer: string): void {
    this.#configured.delete(peer);
  }
}
