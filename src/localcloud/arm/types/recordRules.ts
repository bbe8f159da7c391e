import { isIPv4 } from "node:net";
import { ArmError } from "../armError.ts";
import { isJsonMap, type Json, type JsonMap, member, text } from "../armResource.ts";

/** Records of one record set: Azure's limits page, "Azure DNS". */
export const RECORD_LIMIT = 20;
/** Azure DNS, "Time-to-live": 1 to 2147483647 seconds. */
const MAX_TTL = 2_147_483_647;
/** One string of a TXT record (RFC 1035), and all strings of one: "TXT records" on Azure's page. */
const TEXT_LENGTH = 255;
const ALL_TEXT_LENGTH = 4096;
const DOMAIN_NAME =
  /^(?=.{1,254}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;

export type RecordType = "A" | "CNAME" | "TXT";

/** Refuses what Azure DNS refuses of a record set's own body: its TTL, too many, the same twice, what is no value. */
export function checkRecords(recordType: RecordType, properties: JsonMap): void {
  const ttl = properties.TTL;
  if (typeof ttl !== "number" || !Number.isInteger(ttl) || ttl < 1 || ttl > MAX_TTL)
    throw badRequest(`The TTL '${String(ttl)}' is not a whole number from 1 to ${MAX_TTL}.`);
  if (recordType === "CNAME") {
    checkCname(text(member(properties, "CNAMERecord"), "cname") ?? "");
    return;
  }
  const records = recordsOf(properties, recordType);
  if (records.length > RECORD_LIMIT)
    throw badRequest(
      `The record set has ${records.length} records of type '${recordType}'; the maximum is ${RECORD_LIMIT}.`,
    );
  for (const record of records) checkRecord(recordType, record);
  const values = records.map((record) => JSON.stringify(record));
  const property = recordType === "A" ? "ipv4Address" : "value";
  if (new Set(values).size < values.length)
    throw badRequest(
      `The list of record sets of type '${recordType}' may not contain multiple entries with the same '${property}'.`,
    );
}

function recordsOf(properties: JsonMap, recordType: RecordType): readonly JsonMap[] {
  const records = properties[`${recordType}Records`];
  return (Array.isArray(records) ? (records as readonly Json[]) : []).filter(isJsonMap);
}

function checkRecord(recordType: RecordType, record: JsonMap): void {
  if (recordType === "A") {
    const address = text(record, "ipv4Address") ?? "";
    if (!isIPv4(address)) throw badRequest(`The IPv4 address '${address}' is invalid.`);
    return;
  }
  const strings = (record.value as readonly string[]).map((each) => Buffer.byteLength(each));
  if (strings.some((length) => length > TEXT_LENGTH))
    throw badRequest(`A string of a TXT record has more than ${TEXT_LENGTH} bytes.`);
  if (strings.reduce((sum, length) => sum + length, 0) > ALL_TEXT_LENGTH)
    throw badRequest(`A TXT record has more than ${ALL_TEXT_LENGTH} bytes.`);
}

function checkCname(cname: string): void {
  if (!DOMAIN_NAME.test(cname)) throw badRequest(`The domain name '${cname}' is invalid.`);
}

function badRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", message);
}
