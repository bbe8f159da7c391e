import { Credentials } from "../access/index.ts";
import type { ReadMasterUrl } from "./masterLink.ts";

/** Where master's read-only URL is. Names and addresses, no credential. */
export interface MasterReaderPlace {
  /** Data-plane URL of the platform's vault. */
  readonly platformVaultUrl: string;
  /** Name of its secret; default `master-read`. */
  readonly masterReadRef?: string;
}

/** Reads master's URL from the platform's vault, as whoever the process is to Azure; kept in memory for a minute. */
export function masterReader({
  platformVaultUrl,
  masterReadRef = "master-read",
}: MasterReaderPlace): ReadMasterUrl {
  const credentials = new Credentials();
  return (isFresh) => credentials.get(platformVaultUrl, masterReadRef, isFresh);
}
