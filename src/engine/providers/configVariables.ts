import { packageOfType, typeOfUrn } from "../urn.ts";
import { type PropertyMap, unwrap } from "../value.ts";

/** Provider config in the old form, `<package>:config:<key>` → text; anything but a string as JSON. */
export function configVariables(urn: string, inputs: PropertyMap): readonly (readonly [string, string])[] {
  const prefix = `${packageOfType(typeOfUrn(urn))}:config:`;
  return Object.entries(inputs)
    .filter(([key]) => key !== "version")
    .map(([key, value]) => {
      const plain = unwrap(value);
      return [prefix + key, typeof plain === "string" ? plain : JSON.stringify(plain)] as const;
    });
}
