import { ancestorsOf } from "../tenant/familyRules.ts";

/** Targets so that each comes after those that it stands below, otherwise in their order. Pure. */
export function generationsOf<T>(
  targets: readonly T[],
  nameOf: (target: T) => string,
  parentOf: (target: T) => string | undefined,
): readonly (readonly T[])[] {
  const parents = new Map(targets.map((target) => [nameOf(target), parentOf(target)]));
  const depthOf = (target: T) =>
    ancestorsOf(nameOf(target), (name) => parents.get(name)).filter((name) => parents.has(name)).length;
  const generations: T[][] = [];
  for (const target of targets) {
    const depth = depthOf(target);
    while (generations.length <= depth) generations.push([]);
    generations[depth]?.push(target);
  }
  return generations.filter((generation) => generation.length > 0);
}
