import { expect, test } from "vitest";
import { type Answer, type Harness, SOON } from "../harness.ts";

/** One request, and what Microsoft's page says of its answer. Rows of a table run in order, on one cloud. */
export interface Row {
  readonly what: string;
  /** The page, or the report with Azure's own words, that the row stands on. */
  readonly page: string;
  readonly request: readonly [method: string, path: string, version: string, body?: object];
  readonly status: number;
  /** The whole body. */
  readonly answer?: unknown;
  /** Some of the body's members. */
  readonly includes?: object;
  /** The whole error. */
  readonly error?: { readonly code: string; readonly message: unknown };
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** One test a row. */
export function testRows(cloud: () => Harness, rows: readonly Row[]): void {
  test.each(rows)("$what", async ({ page, request, status, answer, includes, error, headers = {} }) => {
    const got = await cloud().arm(...request);
    expect({ status: got.status, ...pick(got, Object.keys(headers)) }, page).toEqual({ status, ...headers });
    if (error !== undefined) expect(got.body, page).toEqual({ error });
    if (answer !== undefined) expect(got.body, page).toEqual(answer);
    if (includes !== undefined) expect(got.body, page).toMatchObject(includes);
    if (error === undefined && answer === undefined && includes === undefined)
      expect(got.body, page).toBe(undefined);
  });
}

function pick({ headers }: Answer, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, headers.get(name)]));
}

/** A poll address of ours. */
export const STATUS_URL = expect.stringMatching(
  /^http:\/\/127\.0\.0\.1:\d+\/providers\/Microsoft\.Resources\/operationStatuses\/[0-9a-f-]{36}\?api-version=/,
);
export const RESULT_URL = expect.stringMatching(
  /^http:\/\/127\.0\.0\.1:\d+\/providers\/Microsoft\.Resources\/operationResults\/[0-9a-f-]{36}\?api-version=/,
);
export const DATE = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
export const SYSTEM_DATA = { createdAt: DATE, lastModifiedAt: DATE };

/** GETs a link that an answer gave: the next page, or a poll address. */
export async function follow({ context }: Harness, link: string | null): Promise<Answer> {
  const authorization = `Bearer ${context.tokens.issue("https://management.azure.com/")}`;
  const response = await fetch(link ?? "", { headers: { authorization } });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** Follows `Azure-AsyncOperation` to its end and answers the status document. */
export async function finished(cloud: Harness, started: Answer): Promise<Answer["body"]> {
  const link = started.headers.get("azure-asyncoperation");
  await expect.poll(async () => (await follow(cloud, link)).body.status, SOON).not.toBe("InProgress");
  return (await follow(cloud, link)).body;
}

/** Every page of a list, as names. */
export async function pagesOf(cloud: Harness, path: string, version: string): Promise<string[][]> {
  const pages: string[][] = [];
  let page = await cloud.arm("GET", path, version);
  for (;;) {
    expect(page.status).toBe(200);
    pages.push(page.body.value.map(({ name }: { name: string }) => name));
    if (page.body.nextLink === undefined) return pages;
    page = await follow(cloud, page.body.nextLink);
  }
}
