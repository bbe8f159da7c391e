/** What names the one life of a tenant that an object belongs to. */
export interface Marker {
  /** Pulumi stack, `<env>.<slug>`. */
  readonly stack: string;
  readonly slug: string;
  /** UUID of the record. */
  readonly tenantId: string;
}

/** What a COMMENT says about whose object it is. */
export type Ownership = "ours" | "foreign" | "unmarked";

const FORM = /^tenantry:([^:]+):([^:]+):([0-9a-f-]{36})$/;

/** `tenantry:<stack>:<slug>:<id>`: the COMMENT on a tenant's database and role. */
export function formatMarker(marker: Marker): string {
  const text = `tenantry:${marker.stack}:${marker.slug}:${marker.tenantId}`;
  if (!FORM.test(text)) throw new RangeError(`marker '${text}' can't be read back`);
  return text;
}

/** The marker a COMMENT holds, or undefined for any other text. */
export function parseMarker(comment: string | null | undefined): Marker | undefined {
  const [, stack, slug, tenantId] = FORM.exec(comment ?? "") ?? [];
  if (stack === undefined || slug === undefined || tenantId === undefined) return undefined;
  return { stack, slug, tenantId };
}

/** Whose object it is: only the same stack, slug and id is ours. */
export function ownershipOf(comment: string | null | undefined, marker: Marker): Ownership {
  if (comment === formatMarker(marker)) return "ours";
  return comment === null || comment === undefined || comment === "" ? "unmarked" : "foreign";
}
