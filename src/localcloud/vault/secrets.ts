import { randomUUID } from "node:crypto";
import type { VaultProperties } from "../service.ts";
import type { Store } from "../store.ts";
import { seal, unseal } from "./seal.ts";
import {
  latestOf,
  phaseOf,
  type SecretChange,
  type SecretDocument,
  type SecretVersion,
} from "./secretDocument.ts";
import {
  deletedSecretNotFound,
  isBeingDeleted,
  isBeingRecovered,
  isDeleted,
  isDisabled,
  isPurgeProtected,
  secretNotFound,
} from "./vaultError.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_RETENTION_DAYS = 90;

/** What one vault's secrets are kept with. */
export interface SecretsOptions {
  readonly vault: string;
  readonly store: Store;
  /** Encrypts values at rest. */
  readonly key: Buffer;
  readonly now: () => number;
  /** How long a deletion and a recovery take, in ms. */
  readonly settleMs: number;
  readonly properties: () => VaultProperties;
}

/** A secret at one version, with its value. */
export interface OpenSecret {
  readonly secret: SecretDocument;
  readonly version: SecretVersion;
  readonly value: string;
}

/** The secrets of one vault: Key Vault's rules over the store. Refuses with VaultError. */
export class Secrets {
  readonly #options: SecretsOptions;
  /** The last change under way for a name: changes of one name happen one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: SecretsOptions) {
    this.#options = options;
  }

  get retentionDays(): number {
    return this.#options.properties().softDeleteRetentionDays ?? DEFAULT_RETENTION_DAYS;
  }

  /** Names are compared without case, as Azure does. */
  get(name: string, versionId: string | undefined): OpenSecret {
    const secret = this.#readable(name);
    const version = this.#version(secret, versionId);
    if (!version.enabled) throw isDisabled();
    return { secret, version, value: this.#open(secret.name, version) };
  }

  /** The current value, or undefined when there is none that can be read. */
  peek(name: string): string | undefined {
    const found = this.#find(name);
    if (found === undefined || !["active", "recovering"].includes(this.#phase(found))) return undefined;
    return this.#open(found.name, latestOf(found));
  }

  set(name: string, value: string, change: SecretChange): Promise<OpenSecret> {
    return this.#inTurn(name, async () => {
      const found = this.#find(name);
      if (found !== undefined) this.#checkWritable(found);
      const kept = found?.name ?? name;
      const version = this.#newVersion(kept, value, change);
      const secret = { name: kept, versions: [...(found?.versions ?? []), version] };
      await this.#put(secret);
      return { secret, version, value };
    });
  }

  /** Changes what is beside the value, of one version. */
  update(name: string, versionId: string | undefined, change: SecretChange): Promise<OpenSecret> {
    return this.#inTurn(name, async () => {
      const found = this.#readable(name);
      this.#checkWritable(found);
      const old = this.#version(found, versionId);
      const version = { ...old, ...change, updated: this.#seconds() };
      const secret = { ...found, versions: found.versions.map((each) => (each === old ? version : each)) };
      await this.#put(secret);
      return { secret, version, value: "" };
    });
  }

  async remove(name: string): Promise<SecretDocument> {
    const removed = await this.#inTurn(name, async () => {
      const found = this.#readable(name);
      this.#checkWritable(found);
      const at = this.#options.now();
      const purgeAt = at + this.retentionDays * DAY_MS;
      const secret = { ...found, deleted: { at, settledAt: at + this.#options.settleMs, purgeAt } };
      await this.#put(secret);
      return secret;
    });
    await this.removeExpired();
    return removed;
  }

  getDeleted(name: string): SecretDocument {
    const found = this.#find(name);
    if (found === undefined || this.#phase(found) !== "deleted") throw deletedSecretNotFound(name);
    return found;
  }

  recover(name: string): Promise<SecretDocument> {
    return this.#inTurn(name, async () => {
      const { deleted: _, ...found } = this.#deletedOrBusy(name);
      const at = this.#options.now();
      const { settleMs } = this.#options;
      const secret = { ...found, recovery: { readableAt: at + settleMs / 2, settledAt: at + settleMs } };
      await this.#put(secret);
      return secret;
    });
  }

  purge(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const found = this.#deletedOrBusy(name);
      if (this.#options.properties().isPurgeProtected === true) throw isPurgeProtected(this.#options.vault);
      await this.#options.store.delete(this.#namespace, keyOf(found.name));
    });
  }

  /** Active secrets, or deleted ones, sorted by name. */
  list(kind: "active" | "deleted"): readonly SecretDocument[] {
    const phases = kind === "deleted" ? ["deleted"] : ["active", "recovering"];
    return this.#options.store
      .list<SecretDocument>(this.#namespace)
      .map(({ doc }) => doc)
      .filter((secret) => phases.includes(this.#phase(secret)));
  }

  versions(name: string): readonly SecretVersion[] {
    return this.#readable(name).versions;
  }

  /** Deletes what is past its retention, values and all; until then it is only not answered any more. */
  async removeExpired(): Promise<void> {
    const kept = this.#options.store.list<SecretDocument>(this.#namespace);
    const expired = kept.filter(({ doc }) => this.#phase(doc) === "expired");
    await Promise.all(expired.map(({ id }) => this.#inTurn(id, () => this.#deleteExpired(id))));
  }

  /** Forgets everything, as the purge of the vault itself does. */
  async purgeAll(): Promise<void> {
    const ids = this.#options.store.list(this.#namespace).map(({ id }) => id);
    await Promise.all(ids.map((id) => this.#options.store.delete(this.#namespace, id)));
  }

  get #namespace(): string {
    return `vault:${this.#options.vault.toLowerCase()}`;
  }

  /** Asks again in its turn: the name may have been taken anew meanwhile. */
  async #deleteExpired(id: string): Promise<void> {
    const found = this.#options.store.get<SecretDocument>(this.#namespace, id);
    if (found === undefined || this.#phase(found) !== "expired") return;
    await this.#options.store.delete(this.#namespace, id);
  }

  #find(name: string): SecretDocument | undefined {
    const found = this.#options.store.get<SecretDocument>(this.#namespace, keyOf(name));
    return found === undefined || this.#phase(found) === "expired" ? undefined : found;
  }

  #readable(name: string): SecretDocument {
    const found = this.#find(name);
    if (found === undefined || !["active", "recovering"].includes(this.#phase(found)))
      throw secretNotFound(name);
    return found;
  }

  #deletedOrBusy(name: string): SecretDocument {
    const found = this.#find(name);
    const phase = found === undefined ? undefined : this.#phase(found);
    if (found !== undefined && phase === "deleted") return found;
    if (phase === "beingDeleted") throw isBeingDeleted(name);
    if (phase === "beingRecovered" || phase === "recovering") throw isBeingRecovered(name);
    throw deletedSecretNotFound(name);
  }

  #checkWritable(secret: SecretDocument): void {
    const phase = this.#phase(secret);
    if (phase === "deleted") throw isDeleted(secret.name);
    if (phase === "beingDeleted") throw isBeingDeleted(secret.name);
    if (phase === "beingRecovered" || phase === "recovering") throw isBeingRecovered(secret.name);
  }

  #version(secret: SecretDocument, id: string | undefined): SecretVersion {
    if (id === undefined) return latestOf(secret);
    const version = secret.versions.find((each) => each.version === id.toLowerCase());
    if (version === undefined) throw secretNotFound(`${secret.name}/${id}`);
    return version;
  }

  #newVersion(name: string, value: string, change: SecretChange): SecretVersion {
    const version = randomUUID().replaceAll("-", "");
    const seconds = this.#seconds();
    const sealed = seal(this.#options.key, this.#place(name, version), value);
    return { version, sealed, enabled: true, created: seconds, updated: seconds, ...change };
  }

  #open(name: string, version: SecretVersion): string {
    return unseal(this.#options.key, this.#place(name, version.version), version.sealed);
  }

  #place(name: string, version: string): string {
    return `${this.#namespace}/${keyOf(name)}/${version}`;
  }

  #phase(secret: SecretDocument) {
    return phaseOf(secret, this.#options.now());
  }

  #seconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }

  #put(secret: SecretDocument): Promise<void> {
    return this.#options.store.put(this.#namespace, keyOf(secret.name), secret);
  }

  #inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const key = keyOf(name);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(key, mine);
    const forget = () => {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    };
    void mine.then(forget, forget);
    return mine;
  }
}

function keyOf(name: string): string {
  return name.toLowerCase();
}
