/** Characters of every password we make: 32 of 80 signs are about 200 bits; Azure takes 8 to 128. */
export const PASSWORD_LENGTH = 32;

/** Keepers of the password with this number; the first, 0, has none, as those of before rotations. */
export function passwordKeepers(rotation: number): { readonly keepers?: { readonly rotation: string } } {
  return rotation === 0 ? {} : { keepers: { rotation: String(rotation) } };
}
