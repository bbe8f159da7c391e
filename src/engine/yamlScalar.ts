import { Scalar } from "yaml";

/** Texts that the official CLI's YAML reader takes for something else, whatever the YAML version of the writer. */
const WORDS = /^(~|null|true|false|y|n|yes|no|on|off|<<|)$/i;
const NUMBER = /^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i;
const OTHER_BASE = /^[-+]?0(b[01]+|o[0-7]+|x[\da-f]+)$/i;
const NOT_FINITE = /^([-+]?\.inf|\.nan)$/i;
const BASE_60 = /^[-+]?\d+(:[0-5]?\d)+(\.\d*)?$/;
const TIME = /^\d{4}-\d\d?-\d\d?([Tt ]+\d\d?:\d\d?:\d\d?(\.\d+)?\s*(Z|[-+]\d\d?(:\d\d)?)?)?$/;

/** A text as the official CLI writes it: plain where every reader sees a text, a block where it has lines. */
export function textScalar(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  const type = styleOf(text);
  if (type !== undefined) scalar.type = type;
  return scalar;
}

/** The style of a text that must not be plain. */
export function styleOf(text: string): Scalar.Type | undefined {
  if (text.includes("\n")) return "BLOCK_LITERAL";
  const digits = text.replaceAll("_", "");
  const isOther = [NUMBER, OTHER_BASE, NOT_FINITE].some((pattern) => pattern.test(digits));
  const isMistaken = isOther || [WORDS, BASE_60, TIME].some((pattern) => pattern.test(text));
  return isMistaken ? "QUOTE_DOUBLE" : undefined;
}
