import { isKnown } from "./protocol/wire.ts";
import type { Previewed, Refusal } from "./resource.ts";

/** Refuses another `server` for a database that is there: its data would stay behind. */
export function refuseMove<I extends { readonly server: string }>(
  news: Previewed<I>,
  olds: I | undefined,
): readonly Refusal[] {
  if (olds?.server === undefined || !isKnown(news.server) || news.server === olds.server) return [];
  return [
    { property: "server", reason: `E_NOT_SUPPORTED: ${moveRefusal(olds.server, String(news.server))}` },
  ];
}

/** Words for the same refusal where the chosen server is known only later. */
export function moveRefusal(from: string, to: string): string {
  return `'server': the tenant's database is on '${from}'; moving it to '${to}' is not built yet. Set 'server' back to '${from}' or 'auto'.`;
}
