import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import type { Difference } from "./difference.ts";

const KINDS = {
  add: providerProto.PropertyDiff.Kind.ADD,
  delete: providerProto.PropertyDiff.Kind.DELETE,
  update: providerProto.PropertyDiff.Kind.UPDATE,
} as const;

/** Diff's answer: what changes, never a replacement. */
export function diffAnswer(found: readonly Difference[]): providerProto.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = providerProto.DiffResponse.DiffChanges;
  const answer = new providerProto.DiffResponse();
  answer.setChanges(found.length === 0 ? DIFF_NONE : DIFF_SOME);
  answer.setHasdetaileddiff(true);
  answer.setDiffsList([...new Set(found.map(({ path }) => topLevel(path)))]);
  for (const { path, kind } of found) {
    const detail = new providerProto.PropertyDiff();
    detail.setKind(KINDS[kind]);
    detail.setInputdiff(true);
    answer.getDetaileddiffMap().set(path, detail);
  }
  return answer;
}

/** Check's failures, property by property. */
export function failureList(
  failures: readonly { property: string; reason: string }[],
): providerProto.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    const failure = new providerProto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });
}

function topLevel(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}
