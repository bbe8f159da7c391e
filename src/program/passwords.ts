/** Characters of every password we make: 32 of 80 signs are about 200 bits; Azure takes 8 to 128. */
export const PASSWORD_LENGTH = 32;
