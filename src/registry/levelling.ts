import { hasRoom } from "./placement.ts";
import type { ServerRow } from "./servers.ts";

/** A tenant that has a place, and what its entry says about it. */
export interface PlacedTenant {
  readonly slug: string;
  /** Name of the server that holds its database. */
  readonly server: string;
  /** Its entry names this server: it leaves it only when the server is to be emptied. */
  readonly isPinned: boolean;
  /** A region's name, or `any`. */
  readonly region: string;
}

/** One tenant to another server. */
export interface Move {
  readonly slug: string;
  readonly from: string;
  readonly to: string;
}

/** How full the servers are and would be, by name, and the moves in between, in the order they are to be made. */
export interface Levelling {
  readonly moves: readonly Move[];
  /** Tenants that should leave a server and can't: nowhere is room for them. */
  readonly stranded: readonly string[];
  readonly before: readonly ServerRow[];
  readonly after: readonly ServerRow[];
}

/**
 * The fewest moves that empty servers which aren't active and level the active ones. Pure and deterministic: the same rows and
 * tenants in any order give the same plan. Each move has room when its turn comes, keeps to its tenant's region, makes the fuller
 * of its two servers less full, and no tenant moves twice; a plan carried out leaves nothing to plan.
 */
export function planLevelling(servers: readonly ServerRow[], tenants: readonly PlacedTenant[]): Levelling {
  const plan = new Plan(servers, tenants);
  // A move that levels may make room for one who had nowhere to go.
  do plan.evacuate();
  while (plan.levelOnce());
  return plan.result();
}

/** How full a server is, 0 to 1: the tighter of its tenants and its connections. Pure. */
export function fillOf(server: ServerRow, tenantCount = server.tenantCount): number {
  const { capacityHint, tenantConnections, maxConnections } = server;
  return Math.max(tenantCount / capacityHint, (tenantCount * tenantConnections) / maxConnections);
}

class Plan {
  private readonly before: readonly ServerRow[];
  private readonly servers: Map<string, ServerRow>;
  private readonly waiting: PlacedTenant[];
  private readonly moves: Move[] = [];
  private stranded: readonly string[] = [];

  constructor(servers: readonly ServerRow[], tenants: readonly PlacedTenant[]) {
    this.before = [...servers].sort((left, right) => compare(left.name, right.name));
    this.servers = new Map(this.before.map((server) => [server.name, server]));
    this.waiting = [...tenants].sort((left, right) => compare(left.slug, right.slug));
  }

  result(): Levelling {
    const { moves, stranded, before } = this;
    return { moves, stranded, before, after: this.rows() };
  }

  /** Servers that are draining or inactive are left by all who can. */
  evacuate(): void {
    const leaving = this.waiting.filter(({ server }) => this.servers.get(server)?.status !== "active");
    const left = leaving.filter((tenant) => {
      const target = this.bestFor(tenant, Number.POSITIVE_INFINITY);
      if (target !== undefined) this.move(tenant, target);
      return target === undefined;
    });
    this.stranded = left.map(({ slug }) => slug);
  }

  /** One move off the fullest server that some tenant can leave for a better place; false when there is none. */
  levelOnce(): boolean {
    const active = this.rows().filter(({ status }) => status === "active");
    const fullest = [...active].sort(
      (left, right) => fillOf(right) - fillOf(left) || compare(left.name, right.name),
    );
    for (const source of fullest) {
      for (const tenant of this.waiting) {
        if (tenant.server !== source.name || tenant.isPinned) continue;
        const target = this.bestFor(tenant, fillOf(source));
        if (target === undefined) continue;
        this.move(tenant, target);
        return true;
      }
    }
    return false;
  }

  /** The active server of the tenant's region with room that would be least full with it, and less full than `limit`. */
  private bestFor(tenant: PlacedTenant, limit: number): ServerRow | undefined {
    const fillWith = (server: ServerRow) => fillOf(server, server.tenantCount + 1);
    const [best] = this.rows()
      .filter(({ name }) => name !== tenant.server)
      .filter((server) => hasRoom(server, tenant.region) && fillWith(server) < limit)
      .sort((left, right) => fillWith(left) - fillWith(right) || compare(left.name, right.name));
    return best;
  }

  private move(tenant: PlacedTenant, target: ServerRow): void {
    this.count(tenant.server, -1);
    this.count(target.name, 1);
    this.moves.push({ slug: tenant.slug, from: tenant.server, to: target.name });
    this.waiting.splice(this.waiting.indexOf(tenant), 1);
  }

  private count(name: string, change: number): void {
    const server = this.servers.get(name);
    if (server !== undefined) this.servers.set(name, { ...server, tenantCount: server.tenantCount + change });
  }

  private rows(): readonly ServerRow[] {
    return [...this.servers.values()];
  }
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
