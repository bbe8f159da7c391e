const ROUNDS = 16;
const WORDS = ROUNDS + 2 + 4 * 256;
const WORD_BITS = 32;
/** Extra bits so that the rounding of the series never reaches the last word. */
const GUARD_BITS = 64;

/** Blowfish's start values: the binary digits of π behind the point, as 18 + 4 × 256 words. */
export interface BlowfishTable {
  readonly p: Uint32Array;
  readonly s: Uint32Array;
}

let known: BlowfishTable | undefined;

/** A fresh copy of the start values; computed once (about 20 ms) instead of carrying four pages of constants. */
export function blowfishTable(): BlowfishTable {
  known ??= computeTable();
  return { p: known.p.slice(), s: known.s.slice() };
}

function computeTable(): BlowfishTable {
  const bits = BigInt(WORDS * WORD_BITS + GUARD_BITS);
  const fraction = piTimes(bits) & ((1n << bits) - 1n);
  const words = Uint32Array.from({ length: WORDS }, (_, index) =>
    Number((fraction >> (bits - BigInt(WORD_BITS * (index + 1)))) & 0xffffffffn),
  );
  return { p: words.slice(0, ROUNDS + 2), s: words.slice(ROUNDS + 2) };
}

/** π · 2^bits by Machin's formula: π = 16 arctan(1/5) − 4 arctan(1/239). */
function piTimes(bits: bigint): bigint {
  const guarded = bits + BigInt(GUARD_BITS);
  const one = 1n << guarded;
  return (16n * arctanInverse(5n, one) - 4n * arctanInverse(239n, one)) >> BigInt(GUARD_BITS);
}

function arctanInverse(x: bigint, one: bigint): bigint {
  const square = x * x;
  let power = one / x;
  let sum = power;
  for (let divisor = 3n, sign = -1n; power !== 0n; divisor += 2n, sign = -sign) {
    power /= square;
    sum += sign * (power / divisor);
  }
  return sum;
}
