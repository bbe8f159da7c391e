import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type { DiffKind, DiffResult, PropertyDiff } from "./provider.ts";

/** By the number of `PropertyDiff.Kind`. */
const KINDS: readonly DiffKind[] = [
  "add",
  "add-replace",
  "delete",
  "delete-replace",
  "update",
  "update-replace",
];

/** A provider's diff in the engine's words. */
export function diffOf(reply: providerPb.DiffResponse): DiffResult {
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  const changes = reply.getChanges();
  return {
    changes: changes === DIFF_NONE ? "none" : changes === DIFF_SOME ? "some" : "unknown",
    replaceKeys: reply.getReplacesList(),
    stableKeys: reply.getStablesList(),
    changedKeys: reply.getDiffsList(),
    detailedDiff: reply.getHasdetaileddiff() ? detailsOf(reply) : undefined,
    deleteBeforeReplace: reply.getDeletebeforereplace(),
  };
}

function detailsOf(reply: providerPb.DiffResponse): Record<string, PropertyDiff> {
  const entries = [...reply.getDetaileddiffMap().entries()];
  return Object.fromEntries(
    entries.map(([path, diff]: [string, providerPb.PropertyDiff]) => [
      path,
      { kind: KINDS[diff.getKind()] ?? "update", inputDiff: diff.getInputdiff() },
    ]),
  );
}
