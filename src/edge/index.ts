export { armUrl } from "./armClients.ts";
export {
  type EdgeClient,
  type EdgeTarget,
  type FoundDomain,
  type FoundRecordSet,
  openEdge,
  profileTarget,
  type RecordSetType,
  type Usage,
} from "./edgeClient.ts";
export { EdgeRefusedError, EdgeUnreachableError } from "./edgeErrors.ts";
export { lookupCname, lookupTxt, nameServer } from "./lookup.ts";
export { type Probe, probeHost } from "./probe.ts";
