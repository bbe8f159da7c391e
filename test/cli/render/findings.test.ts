import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { findingsText } from "../../../src/cli/render/findings.ts";

const COMMAND = `pulumi refresh --stack local.acme --yes --skip-preview --clear-pending-creates --and-more`;
const FINDINGS: readonly Finding[] = [
  { what: "Node", state: "fine", found: "v20.20.2" },
  {
    what: "port 20345",
    state: "broken",
    found: "taken by process 99 ('python3'); the local cloud's Key Vault shop-tenants listens there",
    remedy: `End it (\`kill 99\`) or make it listen elsewhere, then \`tenantry local start\`. With a bare \`pulumi\`:\n${COMMAND}`,
  },
];

test("findings are wrapped below their text; a command to copy stays on one line", () => {
  expect(
    stripVTControlCharacters(findingsText(FINDINGS, { columns: 60, isTerminal: false })),
  ).toBe(`ok     Node: v20.20.2
BROKEN port 20345: taken by process 99 ('python3'); the
         local cloud's Key Vault shop-tenants listens there
         End it (\`kill 99\`) or make it listen elsewhere,
         then \`tenantry local start\`. With a bare \`pulumi\`:
         ${COMMAND}
`);
});

test("on a wide terminal a finding is one line and what to do another", () => {
  expect(
    stripVTControlCharacters(findingsText(FINDINGS, { columns: 200, isTerminal: true })).split("\n"),
  ).toHaveLength(5);
});
