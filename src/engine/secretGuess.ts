/** Names of values that are secret as a rule. */
const SECRET_NAME = /passwd|pass|password|pwd|secret|token/i;
/** Only the first characters count. */
const MOST_CHARACTERS = 16;
/** Bits of all characters together, and of each on average, from which the official CLI takes a value for a secret. */
const MOST_BITS = 80;
const SOME_BITS = MOST_BITS / 2;
const BITS_PER_CHARACTER = 3;

/** Sizes of the alphabets that a guesser has to go through. */
const ALPHABETS: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[^a-zA-Z0-9]/, 33],
];

/**
 * Whether a plain value is probably a secret: by its name, and because it is hard to guess. The official CLI knows
 * dictionaries and so lets ordinary words pass; whatever it refuses is refused here too.
 */
export function looksLikeSecret(key: string, value: string): boolean {
  if (!SECRET_NAME.test(key.slice(key.indexOf(":") + 1))) return false;
  const text = value.slice(0, MOST_CHARACTERS);
  const size = ALPHABETS.reduce((sum, [letters, count]) => (letters.test(text) ? sum + count : sum), 0);
  const bits = size === 0 ? 0 : text.length * Math.log2(size);
  return bits >= MOST_BITS || (bits >= SOME_BITS && bits / text.length >= BITS_PER_CHARACTER);
}
