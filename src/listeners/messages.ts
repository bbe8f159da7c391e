import type { Declaration, EventName, Fault } from "./declaration.ts";

/** What a child process is asked, in one line. */
export type ChildRequest =
  | { readonly kind: "inspect"; readonly file: string; readonly name: string }
  | {
      readonly kind: "call";
      readonly file: string;
      readonly event: EventName;
      /** The tenant, or old and new. */
      readonly args: readonly unknown[];
      readonly key: string;
      readonly attempt: number;
    };

/** What a child process says, a line each; all but `begun` and `log` are its last. */
export type ChildAnswer =
  | { readonly kind: "begun" }
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "done" }
  | { readonly kind: "declared"; readonly declaration: Declaration }
  | { readonly kind: "faulty"; readonly faults: readonly Fault[] }
  | { readonly kind: "failed"; readonly error: string; readonly stack: string };
