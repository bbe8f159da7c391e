/** Who did it: a platform user, or else the OS user of the machine that ran it. */
export interface Actor {
  readonly platformUserId?: string;
  readonly osUser?: string;
  /** Commit of the checkout that was applied, where there is one. */
  readonly gitCommit?: string;
}

/** One run of a verb, worker or API job. */
export interface Run {
  /** Groups the phases of one run. */
  readonly runId: string;
  readonly actor: Actor;
}
