import { boundHeapOfMany } from "../../../src/engine/heapGrowth.ts";

/** Objects that live on, and those that live long enough to outlast V8's young generation. */
const LIVING = 150_000;
const PASSING = 60_000;

// Arguments: how many commands were run. Prints the largest size of the heap, in bytes, of a process that leaves garbage.
for (let command = 0; command < Number(process.argv[2]); command++) boundHeapOfMany();
const object = (index: number): object => ({ index, text: `${index}`.padEnd(20), list: [index] });
const living = Array.from({ length: LIVING }, (_, index) => object(index));
const passing: object[] = [];
let largest = 0;
for (let index = 0; index < 3_000_000; index++) {
  passing[index % PASSING] = object(index);
  if (index % 10_000 === 0) largest = Math.max(largest, process.memoryUsage().heapTotal);
}
console.log(living.length > 0 ? largest : 0);
