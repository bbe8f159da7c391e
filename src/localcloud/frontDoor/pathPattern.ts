/**
 * How well a route's pattern fits a path: an exact one before every wildcard, a longer wildcard before a shorter one.
 * Undefined when it doesn't fit. Only a final slash and asterisk is a wildcard; compared without case.
 */
export function patternRank(pattern: string, path: string): number | undefined {
  const [wanted, asked] = [pattern.toLowerCase(), path.toLowerCase()];
  if (!wanted.endsWith("/*")) return wanted === asked ? Number.POSITIVE_INFINITY : undefined;
  const folder = wanted.slice(0, -1);
  return asked.startsWith(folder) ? folder.length : undefined;
}

/** The best rank of several patterns; undefined when none fits. */
export function bestRank(patterns: readonly string[], path: string): number | undefined {
  const ranks = patterns.flatMap((pattern) => patternRank(pattern, path) ?? []);
  return ranks.length === 0 ? undefined : Math.max(...ranks);
}
