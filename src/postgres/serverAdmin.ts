import type { Client, ConnectOptions } from "./connect.ts";

/** The server's admin: an open connection to the maintenance database, and its login for the other databases. */
export interface ServerAdmin {
  readonly client: Client;
  readonly url: string;
  readonly options: ConnectOptions;
}
