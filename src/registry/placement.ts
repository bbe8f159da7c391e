import { UserError } from "../tenant/errors.ts";
import type { ServerRow } from "./servers.ts";

/** What an entry says about its place. */
export interface PlacementWish {
  /** A server's name, or `auto`. */
  readonly server: string;
  /** A region's name, or `any`. */
  readonly region: string;
}

/** What came of it; `problems` says for every server why not. */
export type PlacementChoice =
  | { readonly kind: "placed"; readonly server: ServerRow }
  | { readonly kind: "not-found"; readonly problem: string }
  | { readonly kind: "no-capacity"; readonly problems: readonly string[] };

/**
 * Picks a server for one more tenant. Pure. `auto`: the active server of the region that is least full relative to its
 * `capacityHint`, by name among equals; a named one must exist, be active, of the region, and have room.
 */
export function choosePlacement(servers: readonly ServerRow[], wish: PlacementWish): PlacementChoice {
  if (wish.server !== "auto") return chooseNamed(servers, wish);
  const candidates = servers.filter((server) => server.status === "active" && isOfRegion(server, wish));
  const problems = candidates.map(capacityProblem);
  const free = candidates.filter((_server, index) => problems[index] === undefined);
  const [best] = [...free].sort((left, right) => fillOf(left) - fillOf(right) || byName(left, right));
  if (best !== undefined) return { kind: "placed", server: best };
  return { kind: "no-capacity", problems: problems.filter((problem) => problem !== undefined) };
}

/** The error of a choice that isn't a place. Pure. */
export function placementError(
  slug: string,
  wish: PlacementWish,
  choice: Exclude<PlacementChoice, { kind: "placed" }>,
): UserError {
  if (choice.kind === "not-found")
    return new UserError("E_DB_SERVER_NOT_FOUND", `Tenant '${slug}': ${choice.problem}.`);
  const where = wish.region === "any" ? "" : ` of region '${wish.region}'`;
  const found = choice.problems.length === 0 ? `no active server${where}` : choice.problems.join("; ");
  return new UserError(
    "E_NO_CAPACITY",
    `Tenant '${slug}': expected an active server${where} with room for one more tenant; got ${found}.`,
    { hint: "Add a server, or raise `capacityHint` or `maxConnections` in the environment's config." },
  );
}

/** Whether one more tenant of this region may be placed there. Pure. */
export function hasRoom(server: ServerRow, region: string): boolean {
  const isOpen = server.status === "active" && isOfRegion(server, { server: "auto", region });
  return isOpen && capacityProblem(server) === undefined;
}

function chooseNamed(servers: readonly ServerRow[], wish: PlacementWish): PlacementChoice {
  const server = servers.find((candidate) => candidate.name === wish.server);
  if (server === undefined) {
    const names = servers.map((candidate) => `'${candidate.name}'`).join(", ");
    const known = names === "" ? "no server is registered" : `expected one of ${names}`;
    return { kind: "not-found", problem: `server '${wish.server}' is not registered; ${known}` };
  }
  if (server.status !== "active")
    return { kind: "not-found", problem: `server '${server.name}' is '${server.status}'; expected 'active'` };
  if (!isOfRegion(server, wish))
    return {
      kind: "not-found",
      problem: `server '${server.name}' is in region '${server.region}'; expected '${wish.region}'`,
    };
  const problem = capacityProblem(server);
  return problem === undefined ? { kind: "placed", server } : { kind: "no-capacity", problems: [problem] };
}

function capacityProblem(server: ServerRow): string | undefined {
  if (server.tenantCount >= server.capacityHint)
    return `'${server.name}' holds ${server.tenantCount} of ${server.capacityHint} tenants`;
  const needed = (server.tenantCount + 1) * server.tenantConnections;
  if (needed > server.maxConnections)
    return `'${server.name}' has ${server.maxConnections} connections and would need ${needed}`;
  return undefined;
}

/** Whether a server is of the region that is wished for. Pure. */
export function isOfRegion(server: ServerRow, wish: PlacementWish): boolean {
  return wish.region === "any" || server.region === wish.region;
}

function fillOf(server: ServerRow): number {
  return server.tenantCount / server.capacityHint;
}

function byName(left: ServerRow, right: ServerRow): number {
  return left.name < right.name ? -1 : 1;
}
