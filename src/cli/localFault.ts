import { describeEffect, describeReach, parseFault } from "./faultWords.ts";
import { type FaultReport, type LocalCloud, openLocalDoor } from "./localDoor.ts";
import { renderTable } from "./render/table.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

const HEADER = ["ID", "SERVICE", "WHAT", "WHEN", "SEEN", "STRUCK"];

/** `tenantry local fault add|list|clear`: faults that the local cloud's services show on demand. */
export async function runFault(
  [action = "", ...words]: readonly string[],
  { json: isJson }: CommonOptions,
  { root, io }: CliContext,
): Promise<number> {
  const act = ACTIONS[action];
  if (act === undefined)
    throw new UsageError(`\`local fault\`: expected ${Object.keys(ACTIONS).join(", ")}; got '${action}'.`);
  const run = act(words);
  const { cloud } = await openLocalDoor(root);
  const { found, text } = await run(cloud, io.columns);
  io.out(isJson ? `${JSON.stringify(found, null, 2)}\n` : text);
  return 0;
}

type Run = (
  cloud: LocalCloud,
  columns: number,
) => Promise<{ readonly found: unknown; readonly text: string }>;

/** Words are read before anything is started. */
const ACTIONS: Readonly<Record<string, (words: readonly string[]) => Run>> = {
  add: (words) => {
    const order = parseFault(words);
    return async (cloud) => {
      const found = await cloud.addFault(order);
      return { found, text: addedWords(found) };
    };
  },
  list: (words) => {
    refuseWords("list", words, 0);
    return async (cloud, columns) => {
      const found = await cloud.faults();
      const text =
        found.length === 0 ? "no faults are set\n" : renderTable(HEADER, found.map(rowOf), columns);
      return { found, text };
    };
  },
  clear: (words) => {
    refuseWords("clear", words, 1);
    const [id] = words;
    if (id === undefined || (id.startsWith("-") && id !== "--all"))
      throw new UsageError(`\`local fault clear\`: expected an id or \`--all\`; got '${id ?? ""}'.`);
    return async (cloud) => {
      const found = await cloud.clearFaults(id === "--all" ? undefined : id);
      const ids = found.map((each) => each.id).join(", ");
      return { found, text: ids === "" ? "no faults were set\n" : `cleared: ${ids}\n` };
    };
  },
};

function refuseWords(action: string, words: readonly string[], most: number): void {
  if (words.length > most)
    throw new UsageError(`\`local fault ${action}\`: unexpected '${words.slice(most).join(" ")}'.`);
}

function addedWords(fault: FaultReport): string {
  const reach = describeReach(fault);
  return `${fault.id}: ${placeOf(fault)} ${describeEffect(fault.effect)}${reach === "" ? "" : ` (${reach})`}; until \`tenantry local fault clear ${fault.id}\` or a stop of the local cloud\n`;
}

function rowOf(fault: FaultReport): readonly string[] {
  const { id, effect, seen, struck } = fault;
  return [id, placeOf(fault), describeEffect(effect), describeReach(fault), String(seen), String(struck)];
}

function placeOf({ service, name }: FaultReport): string {
  return name === undefined ? service : `${service} ${name}`;
}

/** Part of `tenantry local --help`. */
export const FAULT_HELP = `  fault   let its services fail on demand; a stop or restart clears every fault
          fault add <service> <what> [when]    arm, vault [name], dns, frontDoor, identity, postgres --server <name>
            what   --status <code> [--code <word>] [--retry-after <s>], --latency <ms>, --cut before|after,
                   --no-answer; dns: --servfail; frontDoor: --origin-down; postgres: --sqlstate <state>,
                   --crash [--restart-after <ms>] (without it: down until the fault is cleared)
            when   --method <method>, --path <text>, --after <requests>, --times <requests> (default: until cleared)
                   postgres: the path is the statement's text, or CONNECT <database>; its first fault restarts it
          fault list                           what is set and what it struck
          fault clear <id>|--all
`;
