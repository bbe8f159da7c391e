import { measureEngine, type PhaseResult, SIZE_PHASES } from "./engine.ts";
import { measureOfficialStacks } from "./officialStacks.ts";

/** Rounds of the 500-stack run: enough to see the spread. */
const ROUNDS = 3;
const MEGABYTE = 2 ** 20;

/** The engine's own cost, as a section of RESULTS.md. */
export async function engineSection(): Promise<string> {
  const rounds: (readonly PhaseResult[])[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push(await measureEngine({ stacks: 500, resources: 7 }));
  const official = await measureOfficialStacks();
  return [
    `${ROUNDS} rounds of 500 stacks of 7 resources whose provider is in the process and does nothing, one process a core, 4 stacks at once in`,
    "each; ms a stack, min / **median** / max of the rounds. Through the Automation API, durable state.\n",
    stackTable(rounds, official),
    await sizeTable(),
    await memoryLine(),
  ].join("\n");
}

function stackTable(
  rounds: readonly (readonly PhaseResult[])[],
  official: Readonly<Record<string, number>> | undefined,
): string {
  const phases = (rounds[0] ?? []).map(({ phase }) => phase);
  const rows = phases.map((phase) => {
    const found = rounds.flatMap((round) => round.filter((result) => result.phase === phase));
    const wall = found.map(({ wallMs }) => wallMs).sort((a, b) => a - b);
    const [low = 0, middle = 0, high = 0] = [wall[0], wall[wall.length >> 1], wall.at(-1)];
    const cpu = found.map(({ cpuMs }) => cpuMs).sort((a, b) => a - b)[wall.length >> 1] ?? 0;
    const beside = official?.[phase];
    const ratio =
      beside === undefined ? "not here | " : `${beside.toFixed(0)} | ${(beside / middle).toFixed(0)} ×`;
    return `| ${phase} | ${low.toFixed(1)} / **${middle.toFixed(1)}** / ${high.toFixed(1)} | ${cpu.toFixed(1)} | ${ratio} |`;
  });
  return [
    "| phase | wall | CPU | official CLI, 2 at once | |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** Stacks of these sizes, each twice the one before: what each costs must only double. */
const SIZES = [800, 1600, 3200];

async function sizeTable(): Promise<string> {
  const results: (readonly PhaseResult[])[] = [];
  for (const resources of SIZES)
    results.push(await measureEngine({ stacks: 1, resources, processes: 1, atOnce: 1, phases: SIZE_PHASES }));
  const rows = SIZE_PHASES.map((phase, index) => {
    const cpu = results.map((result) => result[index]?.cpuMs ?? Number.NaN);
    const ratios = cpu.slice(1).map((ms, place) => (ms / (cpu[place] ?? Number.NaN)).toFixed(2));
    return `| ${[phase, ...cpu.map((ms) => (ms / 1000).toFixed(1)), ...ratios].join(" | ")} |`;
  });
  return [
    "One stack of 800, one of 1,600 and one of 3,200 resources, CPU seconds, once each; `drift` is a refresh that finds all changed:\n",
    "| phase | 800 | 1,600 | 3,200 | 1,600 ÷ 800 | 3,200 ÷ 1,600 |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

async function memoryLine(): Promise<string> {
  const [up] = await measureEngine({ stacks: 1000, resources: 7, phases: ["up"] });
  const lines = (up?.reports ?? []).map(({ rssBytes, rssAfter100Bytes = 0, longestStallMs }) => {
    const growth = ((rssBytes / rssAfter100Bytes - 1) * 100).toFixed(0);
    return `${(rssAfter100Bytes / MEGABYTE).toFixed(0)} MB after 100 stacks, ${(rssBytes / MEGABYTE).toFixed(0)} MB after its 500 (${growth} %), longest stall of its event loop ${longestStallMs.toFixed(0)} ms`;
  });
  return `A run of 1,000 stacks, each process: ${lines.join("; ")}.\n`;
}
