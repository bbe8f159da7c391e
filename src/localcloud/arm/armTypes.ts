import { unsupported } from "./armError.ts";
import type { ArmType } from "./armType.ts";
import { apexRecordSets } from "./types/apexRecords.ts";
import { cdnDomain } from "./types/cdnDomain.ts";
import { cdnOrigin, cdnOriginGroup } from "./types/cdnOrigin.ts";
import { cdnEndpoint, cdnProfile } from "./types/cdnProfile.ts";
import { cdnRoute } from "./types/cdnRoute.ts";
import { dnsZone, recordSets } from "./types/dns.ts";
import { flexibleServer } from "./types/flexibleServer.ts";
import { resourceGroup } from "./types/resourceGroup.ts";
import { vault } from "./types/vault.ts";

const TYPES: readonly ArmType[] = [
  resourceGroup,
  vault,
  dnsZone,
  ...recordSets,
  ...apexRecordSets,
  cdnProfile,
  cdnEndpoint,
  cdnOriginGroup,
  cdnOrigin,
  cdnDomain,
  cdnRoute,
  flexibleServer,
];
const BY_NAME = new Map(TYPES.map((type) => [type.type.toLowerCase(), type]));

/** The type of this name, whatever its case; undefined for one the local cloud doesn't have. */
export function findType(name: string): ArmType | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** As `findType`, but throws for one the local cloud doesn't have, naming it. */
export function armType(name: string): ArmType {
  const type = findType(name);
  if (type === undefined)
    throw unsupported(`The resource type '${name}' is not supported by the local cloud.`);
  return type;
}
