import { backups, pruning } from "./backups.ts";
import { health } from "./health.ts";
import { keptDatabases } from "./keptDatabases.ts";
import { listeners } from "./listeners.ts";
import { movedCopies } from "./movedCopies.ts";
import { outbox } from "./outbox.ts";
import { provisioning } from "./provisioning.ts";
import { purges } from "./purges.ts";
import type { MaintenanceTask } from "./task.ts";

/** All maintenance, in the order it is done: what one task makes due, a later one finds. */
export const TASKS: readonly MaintenanceTask[] = [
  ...[provisioning, listeners, outbox, backups],
  ...[purges, pruning, keptDatabases, movedCopies, health],
];
