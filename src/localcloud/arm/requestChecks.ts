import { ArmError, unsupported } from "./armError.ts";

/** Throws `InvalidApiVersionParameter` for a version that isn't one of the type's. */
export function checkVersion(type: string, apiVersions: readonly string[], version: string): void {
  if (apiVersions.includes(version)) return;
  const supported = apiVersions.map((each) => `'${each}'`).join(", ");
  const message = `The api-version '${version}' is not supported for '${type}'; the local cloud has ${supported}.`;
  throw new ArmError(400, "InvalidApiVersionParameter", message);
}

/** Throws for the first query parameter that is neither `api-version` nor one of `known`: none is ignored. */
export function checkKnownParameters(url: URL, known: readonly string[], what: string): void {
  const unknown = [...url.searchParams.keys()].find((name) => !["api-version", ...known].includes(name));
  if (unknown !== undefined)
    throw unsupported(`The query parameter '${unknown}' is not supported for ${what} by the local cloud.`);
}
