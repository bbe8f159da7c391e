/** Why a set of files is refused before anything runs. */
export type MigrationRefusal =
  | "name"
  | "duplicate"
  | "target"
  | "transaction"
  | "not-repeatable"
  | "changed"
  | "removed"
  | "order";

/** The files don't fit each other or the ledger. Nothing was run. */
export class MigrationRefusedError extends Error {
  override readonly name = "MigrationRefusedError";
  constructor(
    readonly refusal: MigrationRefusal,
    readonly fileName: string,
    /** What is wrong and what is expected, without the file's name. */
    readonly reason: string,
    readonly line?: number,
  ) {
    super(`${fileName}: ${reason}.`);
  }
}

/** A file failed; its transaction was rolled back and the database is on its old version. */
export class MigrationFailedError extends Error {
  override readonly name = "MigrationFailedError";
  constructor(
    readonly fileName: string,
    /** Line in the file, counted from 1. */
    readonly line: number,
    /** PostgreSQL's own words. */
    readonly reason: string,
    readonly sqlState: string | undefined,
    options?: ErrorOptions,
  ) {
    super(`${fileName}:${line}: ${reason}`, options);
  }
}
