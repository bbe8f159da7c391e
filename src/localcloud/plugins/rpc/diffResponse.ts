import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Diff } from "./plugin.ts";
import { type PropertyChange, topLevel } from "./propertyDiff.ts";

const { Kind } = providerPb.PropertyDiff;
const KINDS = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

/** A diff as the protocol wants it: changed names, replacing names and every leaf. */
export function fillDiff({ changes, deleteBeforeReplace }: Diff): pb.DiffResponse {
  const response = new providerPb.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  const replacing = changes.filter(({ isReplace }) => isReplace);
  response.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDiffsList([...topLevel(changes)]);
  response.setReplacesList([...topLevel(replacing)]);
  response.setDeletebeforereplace(replacing.length > 0 && deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const change of changes) response.getDetaileddiffMap().set(change.path, leaf(change));
  return response;
}

function leaf({ kind, isReplace }: PropertyChange): pb.PropertyDiff {
  const diff = new providerPb.PropertyDiff();
  diff.setKind(KINDS[kind][isReplace ? 1 : 0]);
  diff.setInputdiff(true);
  return diff;
}
