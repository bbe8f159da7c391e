/** What a listener can hear, in the order of a tenant's life. */
export const EVENTS = [
  "onTenantCreating",
  "onTenantCreated",
  "onTenantUpdated",
  "onTenantDeleting",
  "onTenantDeleted",
] as const;
export type EventName = (typeof EVENTS)[number];

/** Told before the operation does anything: a listener that stops it leaves everything as it was. */
export const EVENTS_BEFORE: readonly EventName[] = ["onTenantCreating", "onTenantDeleting"];

export const DEFAULT_TIMEOUT_MS = 10_000;
export const MAX_TIMEOUT_MS = 600_000;

/** What a file of `hooks/` says of its listener, without running it. */
export interface Declaration {
  /** The file's name without its ending. */
  readonly name: string;
  readonly events: readonly EventName[];
  readonly stopsOperation: boolean;
  readonly timeoutMs: number;
}

/** What is wrong with a declaration, and the word in the file that it is about. */
export interface Fault {
  readonly text: string;
  readonly word?: string;
}

const OPTIONS = ["stopsOperation", "timeoutMs"];

/** Reads a module's `listener` export, which may be anything. Pure; answers every fault at once. */
export function readDeclaration(name: string, listener: unknown): Declaration | readonly Fault[] {
  if (typeof listener !== "object" || listener === null)
    return [{ text: `expected \`export const listener = defineListener({ … })\`; got ${kindOf(listener)}.` }];
  const members = listener as Readonly<Record<string, unknown>>;
  const events = EVENTS.filter((event) => event in members);
  const faults = [
    ...Object.keys(members).flatMap(unknownMember),
    ...events.flatMap((event) => wrongEvent(event, members[event])),
    ...wrongOptions(members),
    ...(events.length > 0 ? [] : [{ text: `expected one of ${EVENTS.join(", ")}; got none.` }]),
  ];
  if (faults.length > 0) return faults;
  const { stopsOperation, timeoutMs = DEFAULT_TIMEOUT_MS } = members;
  return { name, events, stopsOperation: stopsOperation as boolean, timeoutMs: timeoutMs as number };
}

function unknownMember(member: string): Fault[] {
  if ([...EVENTS, ...OPTIONS].includes(member)) return [];
  const known = [...OPTIONS, ...EVENTS].join(", ");
  return [{ text: `expected ${known}; got '${member}'.`, word: member }];
}

function wrongEvent(event: EventName, value: unknown): Fault[] {
  if (typeof value === "function") return [];
  return [{ text: `'${event}': expected a function; got ${kindOf(value)}.`, word: event }];
}

function wrongOptions({ stopsOperation, timeoutMs }: Readonly<Record<string, unknown>>): Fault[] {
  const faults: Fault[] = [];
  if (typeof stopsOperation !== "boolean") {
    const text = `'stopsOperation': expected true or false; got ${kindOf(stopsOperation)}.`;
    faults.push({ text, word: "stopsOperation" });
  }
  const isTime = Number.isInteger(timeoutMs) && Number(timeoutMs) >= 1 && Number(timeoutMs) <= MAX_TIMEOUT_MS;
  if (timeoutMs !== undefined && !isTime) {
    const got = typeof timeoutMs === "number" ? String(timeoutMs) : kindOf(timeoutMs);
    const text = `'timeoutMs': expected 1 to ${MAX_TIMEOUT_MS}; got ${got}.`;
    faults.push({ text, word: "timeoutMs" });
  }
  return faults;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
