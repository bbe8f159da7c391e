import type { Place, ValuePath } from "./problems.ts";

/** Answers where a value was written, so that a problem can point at it. A `YamlDocument` is one. */
export interface Source {
  readonly file: string;
  placeOf(path: ValuePath): Place;
  keyPlaceOf(path: ValuePath): Place;
  /** A scalar as written, where it was text. */
  writtenAs(path: ValuePath): string | undefined;
}

/** A source without text behind it, e.g. Pulumi's own config: every place is the source as a whole. */
export function plainSource(name: string): Source {
  const place = { file: name };
  return { file: name, placeOf: () => place, keyPlaceOf: () => place, writtenAs: () => undefined };
}

/** A source seen through a change of path: where a part of a document is read as a document of its own. */
export function mappedSource(source: Source, toPath: (path: ValuePath) => ValuePath): Source {
  return {
    file: source.file,
    placeOf: (path) => source.placeOf(toPath(path)),
    keyPlaceOf: (path) => source.keyPlaceOf(toPath(path)),
    writtenAs: (path) => source.writtenAs(toPath(path)),
  };
}
