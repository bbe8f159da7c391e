/** One thing the doctor looked at. */
export interface Finding {
  readonly what: string;
  /** `notice` works but is worth knowing; `broken` stops runs. */
  readonly state: "fine" | "notice" | "broken";
  readonly found: string;
  /** What to do. */
  readonly remedy?: string;
}
