import * as z from "zod";
import { databaseRefusal, hostRefusal } from "./names.ts";

/**
 * Schemas of single values. Each carries the words that follow "expected" in a problem, for wrong type and wrong form alike;
 * `zodProblems` relies on that: an issue's message is always such a phrase.
 */

/** Text of one line without blanks around it. */
export function line(expected: string, maxLength: number) {
  return z
    .string(expected)
    .min(1, expected)
    .max(maxLength, expected)
    .regex(/^\S(.*\S)?$/u, expected);
}

/** Text of a form. */
export function text(expected: string, pattern: RegExp) {
  return z.string(expected).regex(pattern, expected);
}

/** A whole number of a range, both ends included. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
}

/** One of some words. */
export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  const quoted = names.map((name) => `'${name}'`);
  const last = quoted.pop();
  return z.enum(names, quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`);
}

/** Fields of a mapping, and no others. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, "fields, one 'name: value' a line");
}

/** The last migration a tenant gets: its number. */
export const migrationVersion = text("a migration's number in quotes, such as '0002'", /^\d{4}$/);

export const planName = text("a plan's name (plans/*.yaml)", /^[a-z][a-z0-9-]{0,39}$/);

export const serverName = text(
  "a server's name: 3 to 63 lowercase letters, digits and hyphens, a letter first",
  /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/,
);

export const regionName = text("a region's name such as 'westeurope'", /^[a-z][a-z0-9-]{0,39}$/);

export const databaseName = z.string("a database's name").superRefine((name, context) => {
  const refusal = databaseRefusal(name);
  if (refusal !== undefined) context.addIssue({ code: "custom", message: refusal });
});

export const hostName = z.string("a host name").superRefine((name, context) => {
  const refusal = hostRefusal(name);
  if (refusal !== undefined) context.addIssue({ code: "custom", message: refusal });
});

/** Mailbox@domain in ASCII, at most 254 characters (RFC 5321): what an invitation can be sent to. */
export const email = text(
  "an email address",
  /^(?=.{3,254}$)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/,
);

/** Each takes a place of the Front Door profile. */
const MAX_DOMAINS = 20;

/** Customers' own hosts. */
export const domains = z
  .array(hostName, "a list of host names such as [portal.acme.example]")
  .max(MAX_DOMAINS, `at most ${MAX_DOMAINS} host names`);

/** As the gate reads paths (`src/gate/pathPrefix.ts`): whole segments of lower case, which every server reads alike. */
export const pathPrefix = text(
  "a path such as '/t/acme': at most 4 segments of lowercase letters, digits, '_' and '-', 100 characters in all, no slash last",
  /^(?=.{2,100}$)(\/[a-z0-9][a-z0-9_-]*){1,4}$/,
);

/** Settings by key, each any JSON value. */
export const settings = z.record(
  text("a setting's key: a letter, then letters, digits, '.', '_' and '-'", /^[A-Za-z][A-Za-z0-9._-]{0,62}$/),
  z.json(),
  "settings, one 'key: value' a line",
);

/** Labels by key, each one line of text. */
export const labels = z.record(
  text("a label's key: a letter, then letters, digits, '.', '_' and '-'", /^[A-Za-z][A-Za-z0-9._-]{0,62}$/),
  line("one line of text, at most 256 characters", 256),
  "labels, one 'key: value' a line",
);
