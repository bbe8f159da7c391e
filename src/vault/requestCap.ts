/** Operations at once on one vault from one process: a fleet must not spend the vault's budget (FAULTS F41). */
const MAX_AT_ONCE = 16;

interface Gate {
  running: number;
  readonly waiting: (() => void)[];
}

const gates = new Map<string, Gate>();

/** Waits for a free place at `vaultUrl` and answers what gives it back. */
export async function takeTurn(vaultUrl: string): Promise<() => void> {
  const gate = gates.get(vaultUrl) ?? { running: 0, waiting: [] };
  gates.set(vaultUrl, gate);
  if (gate.running >= MAX_AT_ONCE) await new Promise<void>((go) => gate.waiting.push(go));
  else gate.running += 1;
  return () => {
    const next = gate.waiting.shift();
    if (next === undefined) gate.running -= 1;
    else next();
  };
}
