/** How one list of texts becomes another: places to cut from the old one, then texts to put into what is left. */
export interface ListDelta {
  /** Places in the old list, ascending. */
  readonly cut: readonly number[];
  /** Places in the new list, ascending, and what stands there. */
  readonly put: readonly (readonly [place: number, text: string])[];
}

/** The delta from `before` to `after`; undefined when what both have stands in another order. */
export function deltaBetween(before: readonly string[], after: readonly string[]): ListDelta | undefined {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const stays = new Set(after.slice(start, after.length - end));
  const cut: number[] = [];
  const kept: string[] = [];
  for (let place = start; place < before.length - end; place++) {
    const text = before[place] ?? "";
    if (stays.has(text)) kept.push(text);
    else cut.push(place);
  }
  const put: [number, string][] = [];
  let next = 0;
  for (let place = start; place < after.length - end; place++) {
    const text = after[place] ?? "";
    if (next < kept.length && kept[next] === text) next++;
    else put.push([place, text]);
  }
  return next === kept.length ? { cut, put } : undefined;
}

/** `before` after the delta; throws RangeError when the delta is not one of this list. */
export function applyDelta<Item>(
  before: readonly Item[],
  { cut, put }: { readonly cut: readonly number[]; readonly put: readonly (readonly [number, Item])[] },
): readonly Item[] {
  const gone = new Set(cut);
  const kept = before.filter((_, place) => !gone.has(place));
  if (kept.length !== before.length - cut.length) throw new RangeError("it cuts what isn't there");
  const after: Item[] = [];
  let next = 0;
  for (const [place, item] of put) {
    while (after.length < place && next < kept.length) after.push(kept[next++] as Item);
    if (after.length !== place) throw new RangeError(`it puts something at ${place}, past the end`);
    after.push(item);
  }
  while (next < kept.length) after.push(kept[next++] as Item);
  return after;
}
