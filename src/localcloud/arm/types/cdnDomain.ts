import { ArmError, unsupported } from "../armError.ts";
import { type ArmResource, type JsonMap, text } from "../armResource.ts";
import type { ArmType, PutCall, Site } from "../armType.ts";
import { words } from "../shape.ts";
import { domainsOf } from "./cdnOrigin.ts";
import {
  badRequest,
  CDN_API_VERSIONS,
  CDN_NAME,
  CDN_READ_ONLY,
  cdnBusy,
  DOMAIN_TYPE,
  profileIdOf,
  ROUTE_TYPE,
  refuseAboveLimit,
  stillOnRoute,
} from "./cdnShared.ts";
import { cnameOf, textsOf } from "./dns.ts";
import { proofName, refreshToken, stateOf, tokenOf, type ValidationState } from "./domainValidation.ts";

const HOST = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/** A custom domain: `Pending` until its token stands in the TXT record `_dnsauth.<host>`, then `Approved`. */
export const cdnDomain: ArmType = {
  type: DOMAIN_TYPE,
  apiVersions: CDN_API_VERSIONS,
  name: {
    ...CDN_NAME,
    refusal: (name) => badRequest(`Property 'AfdDomainEntityKey.AfdDomainName' cannot be set to '${name}'. `),
  },
  envelope: {},
  properties: {
    "hostName!": "string",
    tlsSettings: {
      "certificateType!": words("ManagedCertificate"),
      minimumTlsVersion: words("TLS10", "TLS12", "TLS13"),
      cipherSuiteSetType: words("TLS10_2019", "TLS12_2022", "TLS12_2023"),
    },
    azureDnsZone: { id: "string" },
    extendedProperties: "map",
    domainValidationState: "readOnly",
    validationProperties: "readOnly",
    ...CDN_READ_ONLY,
  },
  isPropertiesRequired: true,
  isAsync: true,
  busy: cdnBusy,
  put,
  actions: { refreshValidationToken: refreshToken((site, domain) => textsOf(site, proofName(domain))) },
  checkRemove: ({ site, resource }) => {
    const routes = site.state.ofType(ROUTE_TYPE, profileIdOf(resource.id));
    const key = resource.id.toLowerCase();
    if (routes.some((each) => domainsOf(each).some((id) => id.toLowerCase() === key))) throw stillOnRoute();
    refuseCnamed(site, resource);
  },
  view: (site, resource) => ({
    ...resource,
    properties: { ...resource.properties, domainValidationState: validationState(site, resource) },
  }),
};

/** Azure lets nobody take over a host that still leads to it. */
export function refuseCnamed(site: Site, domain: ArmResource): void {
  const host = text(domain.properties, "hostName") ?? "";
  const target = cnameOf(site, host);
  if (target?.endsWith(".azurefd.net")) {
    throw badRequest(
      `Cannot delete custom domain "${host}" because it is still CNAMEd to "${target}". Remove the CNAME record first.`,
    );
  }
}

function put(call: PutCall): { readonly properties: JsonMap } {
  const { site, id, formattedId, properties, existing } = call;
  const host = text(properties, "hostName") ?? "";
  if (host.startsWith("*."))
    throw unsupported(
      `The local cloud's Front Door has no wildcard domains ('${host}'): on Azure they need a certificate of your own.`,
    );
  if (!HOST.test(host))
    throw badRequest(`The host name '${host}' of the custom domain is not a domain name.`);
  const oldHost = text(existing?.properties, "hostName");
  if (oldHost !== undefined && oldHost.toLowerCase() !== host.toLowerCase()) {
    throw badRequest(`The host name of a custom domain cannot be changed (from '${oldHost}' to '${host}').`);
  }
  if (existing === undefined) {
    refuseTakenHost(site, host, formattedId);
    refuseAboveLimit(site, formattedId, "domains");
  }
  return {
    properties: {
      tlsSettings: { certificateType: "ManagedCertificate", minimumTlsVersion: "TLS12" },
      ...properties,
      profileName: id.names[0] ?? "",
      deploymentStatus: "NotStarted",
      validationProperties: existing?.properties.validationProperties ?? tokenOf(site, formattedId, host, 0),
    },
  };
}

function refuseTakenHost({ state }: Site, host: string, formattedId: string): void {
  const taken = state
    .ofType(DOMAIN_TYPE)
    .find(
      ({ id, properties }) =>
        id.toLowerCase() !== formattedId.toLowerCase() &&
        text(properties, "hostName")?.toLowerCase() === host.toLowerCase(),
    );
  if (taken === undefined) return;
  throw new ArmError(
    409,
    "Conflict",
    `The host name '${host}' is already in use by the custom domain '${taken.id}'.`,
  );
}

/** How far the validation is. */
export function validationState(site: Site, domain: ArmResource): ValidationState {
  return stateOf(site, domain, textsOf(site, proofName(domain)));
}
