import type { Crypter, CrypterCache } from "./crypter.ts";
import { EngineError, refuse } from "./errors.ts";

/** `secrets_providers` of a checkpoint; only `passphrase` is supported. */
export interface SecretsProvider {
  readonly type: string;
  readonly state: { readonly salt: string };
}

/** Encrypts a stack's secrets, keeping the ciphertext of a value a resource already had. */
export class SecretsManager {
  readonly provider: SecretsProvider;
  readonly #passphrase: () => string;
  readonly #cache: CrypterCache;
  readonly #ciphertexts = new Map<string, string>();
  #crypter: Crypter | undefined;

  constructor(provider: SecretsProvider, passphrase: () => string, cache: CrypterCache) {
    if (provider.type !== "passphrase") throw refuse(`the secrets provider '${provider.type}'`);
    this.provider = provider;
    this.#passphrase = passphrase;
    this.#cache = cache;
  }

  /** Derives the key; must be awaited before {@link encrypt} and {@link decrypt}. */
  async unlock(): Promise<void> {
    this.#crypter ??= await this.#cache.get(this.provider.state.salt, this.#passphrase());
  }

  /** Encrypts a text of the resource `urn`. */
  encrypt(urn: string, plaintext: string): string {
    const key = `${urn}\0${plaintext}`;
    const known = this.#ciphertexts.get(key);
    if (known !== undefined) return known;
    const ciphertext = this.#unlocked().encrypt(plaintext);
    this.#ciphertexts.set(key, ciphertext);
    return ciphertext;
  }

  /** Decrypts a JSON text of the resource `urn`. */
  decrypt(urn: string, ciphertext: string): string {
    const plaintext = this.#unlocked().decrypt(ciphertext);
    this.#ciphertexts.set(`${urn}\0${JSON.stringify(JSON.parse(plaintext))}`, ciphertext);
    return plaintext;
  }

  #unlocked(): Crypter {
    if (this.#crypter === undefined)
      throw new EngineError("internal: secrets used before their key was derived");
    return this.#crypter;
  }
}
