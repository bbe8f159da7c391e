import { UserError } from "../tenant/errors.ts";

export type EngineName = "official" | "embedded";

/** The environment that is this machine. */
export const LOCAL = "local";

/** Embedded for `local`, official elsewhere; the embedded one is refused where a real cloud could be touched. */
export function chooseEngine(environment: string, asked: EngineName | undefined): EngineName {
  const isLocal = environment === LOCAL;
  if (asked === "embedded" && !isLocal) {
    throw new UserError(
      "E_NOT_SUPPORTED",
      `engine 'embedded' runs only 'local'; got environment '${environment}'.`,
      {
        hint: "Leave `--engine` out: other environments use the official `pulumi`.",
      },
    );
  }
  return asked ?? (isLocal ? "embedded" : "official");
}
