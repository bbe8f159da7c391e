import { setFlagsFromString } from "node:v8";

/** So many commands are about ten stacks: a process that ran them is one that runs many. */
const MANY_COMMANDS = 50;
/** By default V8 lets the heap grow to four times what lives; this is twice. */
const GROWTH = "--heap-growing-percent=100";

let commands = 0;

/**
 * Counts the commands of this process and bounds its heap when they are many. Every stack leaves as much garbage as
 * lives in the process; V8 lets it pile up, and an hour of stacks takes half as much memory again as a minute of them,
 * for no time won (bench/RESULTS.md). Not at the start of a process: with another flag V8 refuses the compiled code of
 * Node's own modules, which costs 20 ms.
 */
export function boundHeapOfMany(): void {
  commands += 1;
  if (commands === MANY_COMMANDS) setFlagsFromString(GROWTH);
}
