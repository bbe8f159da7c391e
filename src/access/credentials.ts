import { openVault } from "../vault/index.ts";

/** How long a credential is believed before the vault is asked again; a refused login asks at once. */
const BELIEVED_MS = 60_000;
/** A vault that was away a moment ago isn't knocked at again for every resource of a preview. */
const FAILURE_BELIEVED_MS = 3_000;

interface Believed {
  readonly value: Promise<string | undefined>;
  readonly until: number;
}

/** Connection URLs from vaults, kept in memory for a minute and never anywhere else. */
export class Credentials {
  private readonly believed = new Map<string, Believed>();

  /** The secret's value, or undefined when the vault has none; `isFresh` asks the vault whatever is kept. */
  async get(vaultUrl: string, name: string, isFresh = false): Promise<string | undefined> {
    const key = `${vaultUrl}\n${name}`;
    const kept = this.believed.get(key);
    if (!isFresh && kept !== undefined && kept.until > Date.now()) return kept.value;
    const value = openVault(vaultUrl).get(name);
    this.believed.set(key, { value, until: Date.now() + BELIEVED_MS });
    value.then(
      // An absent secret may be written a moment later (the platform's first run), so it isn't believed.
      (found) => found ?? this.believed.delete(key),
      () => this.believed.set(key, { value, until: Date.now() + FAILURE_BELIEVED_MS }),
    );
    return value;
  }
}
