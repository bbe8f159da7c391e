import { LocalCloudError } from "../localCloudError.ts";

/** The local cloud's identities, from all to nothing. */
export const IDENTITY_NAMES = ["owner", "deployer", "previewer", "none"] as const;
export type IdentityName = (typeof IDENTITY_NAMES)[number];

/** Who asks where nobody says otherwise. */
export const DEFAULT_IDENTITY: IdentityName = "owner";

/** Environment variable that names the identity of a run. */
export const IDENTITY_VARIABLE = "TENANTRY_LOCAL_IDENTITY";

/** An identity as Azure's services know it. */
export interface Principal {
  readonly name: IdentityName;
  /** Claim `oid`. */
  readonly objectId: string;
  /** Claim `appid`. */
  readonly clientId: string;
}

/** Every identity by name; their ids are the same in every home. */
export const PRINCIPALS: Readonly<Record<IdentityName, Principal>> = {
  owner: principal("owner", "0"),
  deployer: principal("deployer", "1"),
  previewer: principal("previewer", "2"),
  none: principal("none", "3"),
};

function principal(name: IdentityName, digit: string): Principal {
  const id = (kind: string) => `10ca1000-0000-4000-8000-0000000000${digit}${kind}`;
  return { name, objectId: id("a"), clientId: id("b") };
}

/** The identity of this name; `owner` for none or an empty text. Throws `E_NOT_SUPPORTED` for a name that isn't one. */
export function identityNamed(name: string | undefined): IdentityName {
  if (name === undefined || name === "") return DEFAULT_IDENTITY;
  const found = IDENTITY_NAMES.find((each) => each === name);
  if (found !== undefined) return found;
  const known = IDENTITY_NAMES.map((each) => `'${each}'`).join(", ");
  throw new LocalCloudError(
    "E_NOT_SUPPORTED",
    `The local cloud has no identity '${name}'; expected one of ${known} (\`local env --identity\`, ${IDENTITY_VARIABLE}).`,
  );
}
