import type { ErrorCode } from "../../src/tenant/errors.ts";
import { ENTRY_ROWS } from "./entryTable.ts";
import type { CodeRow } from "./provocation.ts";
import { RUN_ROWS } from "./runTable.ts";

/** Every code with its ways to provoke it; a code without a row doesn't compile. */
export const ROWS = {
  ...ENTRY_ROWS,
  ...RUN_ROWS,
} satisfies Record<ErrorCode, CodeRow> as Record<ErrorCode, CodeRow>;
