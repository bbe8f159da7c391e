import type { DesiredTenant } from "./desired.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import type { ErrorCode } from "./errors.ts";
import { nameOfKey } from "./identitySeeds.ts";
import { expectedGot, orList, type Problem, type ValuePath } from "./problems.ts";
import type { Source } from "./source.ts";

/** A tenant as decided for one environment, and where it is written. */
export interface Candidate {
  readonly tenant: DesiredTenant;
  readonly source: Source;
}

/** One rule over all tenants of an environment. */
export interface TenantRule {
  readonly name: string;
  check(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[];
}

/** Where Front Door's endpoints have their own hosts. */
const PLATFORM_ZONE = "azurefd.net";

/** What must hold between tenants, and between a tenant and its environment. */
export const TENANT_RULES: readonly TenantRule[] = [
  { name: "databases are nobody else's", check: databasesAreUnique },
  { name: "databases are not master's", check: databasesAreNotMasters },
  { name: "hosts are nobody else's", check: hostsAreUnique },
  { name: "hosts are not the platform's", check: hostsAreNotThePlatforms },
  { name: "domains are outside the zone", check: domainsAreTheirs },
  { name: "path prefixes are nobody else's", check: pathPrefixesAreUnique },
  { name: "groups have roles of their plan", check: groupRolesExist },
  { name: "named servers exist", check: serversExist },
  { name: "named regions have a server", check: regionsExist },
];

/** Every broken rule; a clash between two tenants is a problem of both. */
export function checkTenantRules(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  return TENANT_RULES.flatMap((rule) => rule.check(candidates, config));
}

function databasesAreUnique(candidates: readonly Candidate[]): Problem[] {
  return clashes(candidates, ({ tenant }) => [tenant.databaseName]).map(({ candidate, other, value }) =>
    wrong(candidate, ["database"], "a database of its own", `'${value}', as ${other.source.file} has`),
  );
}

function databasesAreNotMasters(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  return candidates
    .filter(({ tenant }) => tenant.databaseName === config.master.database)
    .map((candidate) =>
      wrong(
        candidate,
        ["database"],
        "a tenant's database",
        `'${config.master.database}', the master database`,
      ),
    );
}

function hostsAreUnique(candidates: readonly Candidate[]): Problem[] {
  return clashes(candidates, ({ tenant }) => tenant.hosts).map(({ candidate, other, value }) =>
    wrong(
      candidate,
      pathOfHost(candidate, value),
      "hosts of its own",
      `'${value}', as ${other.source.file} has`,
    ),
  );
}

function hostsAreNotThePlatforms(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  const taken = config.frontDoor.originHost;
  return candidates
    .filter(({ tenant }) => tenant.hosts.includes(taken))
    .map((candidate) =>
      wrong(
        candidate,
        pathOfHost(candidate, taken),
        "hosts of its own",
        `'${taken}', the origin of Front Door`,
      ),
    );
}

/** The first host comes from the file's name, the others from `domains`. */
function pathOfHost({ tenant }: Candidate, host: string): ValuePath {
  return tenant.hosts[0] === host ? [] : ["domains"];
}

/** Names of the environment's zone and of Front Door itself are the platform's to give; and each domain once. */
function domainsAreTheirs(candidates: readonly Candidate[], { zone }: EnvironmentConfig): Problem[] {
  const isOurs = (host: string) =>
    [zone, PLATFORM_ZONE].some((name) => host === name || host.endsWith(`.${name}`));
  return candidates.flatMap((candidate) => {
    const [, ...domains] = candidate.tenant.hosts;
    const isTwice = (host: string, at: number) => domains.indexOf(host) !== at;
    return domains.flatMap((host, at) => {
      if (isOurs(host))
        return [
          wrong(candidate, ["domains"], `a host outside '${zone}' and '${PLATFORM_ZONE}'`, `'${host}'`),
        ];
      return isTwice(host, at) ? [wrong(candidate, ["domains"], "each domain once", `'${host}' again`)] : [];
    });
  });
}

function pathPrefixesAreUnique(candidates: readonly Candidate[]): Problem[] {
  const prefixes = ({ tenant: { pathPrefix } }: Candidate) => (pathPrefix === undefined ? [] : [pathPrefix]);
  return clashes(candidates, prefixes).map(({ candidate, other, value }) =>
    wrong(candidate, ["pathPrefix"], "a path prefix of its own", `'${value}', as ${other.source.file} has`),
  );
}

/** A plan may leave roles out: nobody can be given one that isn't there. */
function groupRolesExist(candidates: readonly Candidate[]): Problem[] {
  return candidates.flatMap((candidate) => {
    const { groups, roles } = candidate.tenant.identity;
    return Object.entries(groups)
      .filter(([key]) => nameOfKey(key) !== key)
      .flatMap(([key, group]) =>
        group.roles
          .filter((role) => !Object.hasOwn(roles, role))
          .map((role) => {
            const expected = `a role that plan '${candidate.tenant.plan}' has (${Object.keys(roles).join(", ")})`;
            return wrong(candidate, ["identity", "groups", nameOfKey(key)], expected, `'${role}'`);
          }),
      );
  });
}

function serversExist(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  const names = config.servers.map(({ name }) => name);
  const expected = `'auto', ${orList(names)} (${config.environment}'s servers)`;
  return candidates
    .filter(({ tenant }) => tenant.server !== "auto" && !names.includes(tenant.server))
    .map((candidate) =>
      wrong(candidate, ["server"], expected, `'${candidate.tenant.server}'`, "E_DB_SERVER_NOT_FOUND"),
    );
}

function regionsExist(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  const names = [...new Set(config.servers.map(({ region }) => region))];
  const expected = `'any', ${orList(names)} (regions of ${config.environment}'s servers)`;
  return candidates
    .filter(({ tenant }) => tenant.region !== "any" && !names.includes(tenant.region))
    .map((candidate) =>
      wrong(candidate, ["region"], expected, `'${candidate.tenant.region}'`, "E_DB_SERVER_NOT_FOUND"),
    );
}

interface Clash {
  readonly candidate: Candidate;
  readonly other: Candidate;
  readonly value: string;
}

/** Each candidate that shares a value with another, with the first such other. */
function clashes(
  candidates: readonly Candidate[],
  valuesOf: (candidate: Candidate) => readonly string[],
): Clash[] {
  const holders = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const value of valuesOf(candidate)) {
      holders.set(value, [...(holders.get(value) ?? []), candidate]);
    }
  }
  return [...holders].flatMap(([value, group]) =>
    group.flatMap((candidate) => {
      const other = group.find((holder) => holder !== candidate);
      return other === undefined ? [] : [{ candidate, other, value }];
    }),
  );
}

/** The problem where the environment's override decides, if it does. */
function wrong(
  { tenant, source }: Candidate,
  path: ValuePath,
  expected: string,
  got: string,
  code: ErrorCode = "E_INVALID_ENTRY",
): Problem {
  return { code, ...decidingPlace(source, path, tenant.environment), text: expectedGot(expected, got) };
}

/** Where a field of an entry is decided for an environment: in its override, else in the entry itself. */
export function decidingPlace(
  source: Source,
  path: ValuePath,
  environment: string,
): Pick<Problem, "path" | "place"> {
  const overridden = ["overrides", environment, ...path];
  const isOverridden = path.length > 0 && source.writtenAs(overridden) !== undefined;
  const decided = isOverridden ? overridden : path;
  return { path: decided, place: source.placeOf(decided) };
}
