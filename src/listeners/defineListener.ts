/** One tenant as listeners see it: plain data, no credential. */
export interface TenantFacts {
  /** UUID of this life; a new life after a purge has a new one. */
  readonly id: string;
  readonly slug: string;
  readonly displayName: string;
  readonly legalName?: string;
  /** The first is the tenant's own, `<slug>.<zone>`. */
  readonly hosts: readonly string[];
  readonly plan: string;
  /** Effective settings by key, inherited ones included. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `provisioning` at onTenantCreating, `deleted` at onTenantDeleting, `purged` at onTenantDeleted. */
  readonly status: string;
}

/** What a listener gets beside the tenant. */
export interface ListenerContext {
  /** The same for every try of one call, and of no other call: makes doing it twice harmless. */
  readonly key: string;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** Aborts when the time is over; the process ends a moment later whatever it does. */
  readonly signal: AbortSignal;
  /** Shows a line in the run's output, without what looks like a credential. */
  log(line: string): void;
}

/** What a user's file in `hooks/` declares. Every event is optional, but one must be there. */
export interface Listener {
  /** Whether the operation fails when this listener fails; else it is a warning, and tried again later. */
  readonly stopsOperation: boolean;
  /** Time for one call; default 10 seconds, at most 10 minutes. */
  readonly timeoutMs?: number;
  /** After slug, id and hosts are reserved; before anything else is made. */
  onTenantCreating?(tenant: TenantFacts, context: ListenerContext): Promise<void> | void;
  /** After the tenant is complete. */
  onTenantCreated?(tenant: TenantFacts, context: ListenerContext): Promise<void> | void;
  /** After a change of what master says of it, its status included. */
  onTenantUpdated?(old: TenantFacts, now: TenantFacts, context: ListenerContext): Promise<void> | void;
  /** Before a purge, once it may go; nothing is touched yet. */
  onTenantDeleting?(tenant: TenantFacts, context: ListenerContext): Promise<void> | void;
  /** After the purge: only the tombstone is left. */
  onTenantDeleted?(tenant: TenantFacts, context: ListenerContext): Promise<void> | void;
}

/** Types a listener: `export const listener = defineListener({ … })` in `hooks/<name>.ts`. */
export function defineListener(listener: Listener): Listener {
  return listener;
}
