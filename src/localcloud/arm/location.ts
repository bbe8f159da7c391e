/** A location as it is compared: `West Europe` and `westeurope` are one place. */
export function plainLocation(location: string): string {
  return location.toLowerCase().replaceAll(" ", "");
}
