/**
 * The order in which the official CLI's YAML writer puts the keys of a map: by letters, anything else before letters,
 * numbers inside them by size (`a2` before `a10`).
 */
export function byConfigKey(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  const length = Math.min(a.length, b.length);
  const index = a.findIndex((char, place) => place >= length || char !== b[place]);
  if (index === -1 || index >= length) return a.length - b.length;
  const [x, y] = [a[index] ?? "", b[index] ?? ""];
  if (isLetter(x) !== isLetter(y)) {
    const isInNumber = index > 0 && isDigit(a[index - 1] ?? "");
    return isLetter(x) === isInNumber ? -1 : 1;
  }
  if (isLetter(x)) return order(x, y);
  const [m, n] = [digitsAt(a, index), digitsAt(b, index)];
  return Number(m) - Number(n) || m.length - n.length || order(x, y);
}

function order(x: string, y: string): number {
  return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
}

/** The digits from a place on; both sides have the same digits before it. */
function digitsAt(chars: readonly string[], index: number): string {
  const before = /\d*$/.exec(chars.slice(0, index).join(""))?.[0] ?? "";
  return before + (/^\d*/.exec(chars.slice(index).join(""))?.[0] ?? "");
}

function isLetter(char: string): boolean {
  return /\p{L}/u.test(char);
}

function isDigit(char: string): boolean {
  return /\d/.test(char);
}
