/** Azure's words for what a query string does to the cache. */
export type QueryBehavior =
  | "IgnoreQueryString"
  | "IgnoreSpecifiedQueryStrings"
  | "IncludeSpecifiedQueryStrings"
  | "UseQueryString";

/** A route's `cacheConfiguration`. */
export interface CachingRules {
  readonly queryBehavior: QueryBehavior;
  /** Names that the two `Specified` behaviours ignore or include; compared with case. */
  readonly queryParameters: readonly string[];
}

/** What is asked for. */
export interface CacheRequest {
  readonly routeId: string;
  /** Lower case, without a port. */
  readonly host: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** One key for all requests that one cached answer serves. The order of query parameters doesn't matter. */
export function cacheKey(rules: CachingRules, { routeId, host, path, query }: CacheRequest): string {
  return JSON.stringify([routeId.toLowerCase(), host, path, keptParameters(rules, query)]);
}

function keptParameters({ queryBehavior, queryParameters }: CachingRules, query: string): readonly string[] {
  const parameters = query.split("&").filter((parameter) => parameter !== "");
  const isNamed = (parameter: string) => queryParameters.includes(parameter.split("=")[0] ?? "");
  const kept = parameters.filter((parameter) => {
    if (queryBehavior === "UseQueryString") return true;
    if (queryBehavior === "IgnoreSpecifiedQueryStrings") return !isNamed(parameter);
    return queryBehavior === "IncludeSpecifiedQueryStrings" && isNamed(parameter);
  });
  return kept.sort();
}
