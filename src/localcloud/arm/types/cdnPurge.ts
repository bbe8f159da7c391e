import { type ArmResource, isJsonMap, type Json, type JsonMap, text } from "../armResource.ts";
import type { ActionCall, ArmAction, Site } from "../armType.ts";
import { domainsOf } from "./cdnOrigin.ts";
import { badRequest, ROUTE_TYPE } from "./cdnShared.ts";

/** "URLs in a single cache purge call" of Azure's limits page. */
const MAX_PATHS = 100;

/** `POST …/afdEndpoints/<endpoint>/purge`: forgets kept answers by path and domain, whatever their query. */
export const purgeEndpoint: ArmAction = {
  body: { "contentPaths!": ["string"], domains: ["string"] },
  check: (call) => {
    const paths = textsOf(call.body.contentPaths);
    if (paths.length === 0 || paths.length > MAX_PATHS)
      throw badRequest(`A purge takes 1 to ${MAX_PATHS} content paths; got ${paths.length}.`);
    const wrong = paths.find((path) => !isPurgePath(path));
    if (wrong !== undefined)
      throw badRequest(`The content path '${wrong}' must begin with '/'; '*' may only be last, after a '/'.`);
    const hosts = hostsOf(call.site, call.resource);
    const foreign = textsOf(call.body.domains).find((domain) => !hosts.includes(domain.toLowerCase()));
    if (foreign !== undefined)
      throw badRequest(
        `The domain '${foreign}' is not one of the endpoint '${call.resource.name}': ${hosts.join(", ")}.`,
      );
  },
  run: async ({ site, resource, body }: ActionCall) => {
    const hosts =
      body.domains === undefined ? {} : { hosts: textsOf(body.domains).map((each) => each.toLowerCase()) };
    site.edgeCache.purge({ endpointId: resource.id, paths: textsOf(body.contentPaths), ...hosts });
  },
};

/** True for `/a/b.png`, `/a/*` and `/*`. */
export function isPurgePath(path: string): boolean {
  return /^\/[^*]*$/.test(path) || /^\/([^*]*\/)?\*$/.test(path);
}

/** The endpoint's own host and those of every domain on its routes. */
function hostsOf({ state }: Site, endpoint: ArmResource): readonly string[] {
  const domains = state.ofType(ROUTE_TYPE, endpoint.id).flatMap((route) => domainsOf(route));
  const named = domains.map((id) => hostOf(state.get(id)?.properties));
  return [...new Set([hostOf(endpoint.properties), ...named])].filter((host) => host !== "");
}

function hostOf(properties: JsonMap | undefined): string {
  return text(properties, "hostName")?.toLowerCase() ?? "";
}

function textsOf(value: Json | undefined): readonly string[] {
  if (!Array.isArray(value) || isJsonMap(value)) return [];
  return (value as readonly Json[]).filter((item) => typeof item === "string");
}
