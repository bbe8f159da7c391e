/** One thing the doctor looked at. */
export interface Finding {
  readonly what: string;
  /** `notice` works but is worth knowing; `broken` stops runs. */
  readonly state: "fine" | "notice" | "broken";
  readonly found: string;
  /** What to do. */
  readonly remedy?: string;
}

/** Something that is as it should be. */
export function fine(what: string, found: string): Finding {
  return { what, state: "fine", found };
}

/** Something that works and is worth knowing. */
export function notice(what: string, found: string, remedy: string): Finding {
  return { what, state: "notice", found, remedy };
}

/** Something that stops runs. */
export function broken(what: string, found: string, remedy: string): Finding {
  return { what, state: "broken", found, remedy };
}
