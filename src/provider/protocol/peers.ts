/**
 * What one connection was told. One process serves many provider instances and stacks (attached plugins), so
 * nothing may be kept per process: a tenant's role would be made on another tenant's server.
 */
export class Peers<T> {
  private readonly byPeer = new Map<string, T>();

  /** Keeps `value` for the connection `peer`. A reused port starts afresh because it calls Configure first. */
  set(peer: string, value: T): void {
    this.byPeer.delete(peer);
    this.byPeer.set(peer, value);
    if (this.byPeer.size > MAX_PEERS) this.byPeer.delete(this.oldest());
  }

  get(peer: string): T | undefined {
    return this.byPeer.get(peer);
  }

  private oldest(): string {
    return this.byPeer.keys().next().value ?? "";
  }
}

/** Far above the connections one process can have open at once. */
const MAX_PEERS = 20_000;
