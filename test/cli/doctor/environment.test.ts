import { describe, expect, test } from "vitest";
import { environmentFindings } from "../../../src/cli/doctor/environment.ts";
import type { EnvironmentFacts } from "../../../src/cli/doctor/environmentFacts.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";

const ANSWERS = { isAnswered: true, statusCode: 401, aheadMs: 120 } as const;

const RUNNING: EnvironmentFacts = {
  environment: "local",
  stacks: ["local", "local.acme"],
  vaults: [{ name: "platform's vault", url: "https://127.0.0.1:20001", answer: ANSWERS }],
  arm: { name: "Resource Manager", url: "http://127.0.0.1:20002", answer: ANSWERS },
  dns: { server: "127.0.0.1:20003", zone: "local.tenantry.test" },
  master: { state: "answers", tenants: 1, aheadMs: -3 },
  interrupted: [],
};

/** What is not fine. */
function environment(changes: Partial<EnvironmentFacts>): Finding[] {
  return environmentFindings({ ...RUNNING, ...changes }).filter(({ state }) => state !== "fine");
}

const REFUSED = { isAnswered: false, code: "ECONNREFUSED", reason: "connect ECONNREFUSED" } as const;
const PENDING = { stack: "local.acme", operation: { kind: "updating", urn: "urn::acme-secret" } } as const;

describe("what the doctor finds in an environment, and what to do", () => {
  test("a sound one has nothing but what is fine", () => {
    expect(environmentFindings(RUNNING)).toEqual([
      { what: "platform", state: "fine", found: "vault and master answer; 1 tenants, 1 tenant stacks" },
      { what: "platform's vault", state: "fine", found: "answers at https://127.0.0.1:20001" },
      { what: "Resource Manager", state: "fine", found: "answers at http://127.0.0.1:20002" },
      { what: "DNS", state: "fine", found: "127.0.0.1:20003 answers for local.tenantry.test" },
      { what: "clock", state: "fine", found: "as that of platform's vault, Resource Manager, master" },
    ]);
  });

  test.each<[string, Finding[], Finding]>([
    [
      "no platform yet, whose zone the name server can't have",
      environment({
        stacks: [],
        vaults: [],
        master: { state: "absent" },
        dns: { ...RUNNING.dns, problem: "127.0.0.1:20003: EREFUSED for 'local.tenantry.test'." },
      }),
      {
        what: "platform",
        state: "notice",
        found: "not there yet",
        remedy: "`tenantry up --platform --env local` makes it.",
      },
    ],
    [
      "a master that doesn't answer",
      environment({ master: { state: "failed", reason: "master of 'local': no." } }),
      {
        what: "platform",
        state: "broken",
        found: "master of 'local': no.",
        remedy: "`tenantry local status` shows what runs; `tenantry up --platform` mends what is missing.",
      },
    ],
    [
      "an unreachable vault",
      environment({ vaults: [{ name: "tenants' vault", url: "https://127.0.0.1:1", answer: REFUSED }] }),
      {
        what: "tenants' vault",
        state: "broken",
        found: "doesn't answer at https://127.0.0.1:1: connect ECONNREFUSED",
        remedy:
          "`tenantry local status` shows what runs; `tenantry local stop`, then `tenantry up --platform` brings back what is missing.",
      },
    ],
    [
      "an unreachable vault on Azure",
      environment({
        environment: "prod",
        vaults: [{ name: "tenants' vault", url: "https://v.vault.azure.net", answer: REFUSED }],
      }),
      {
        what: "tenants' vault",
        state: "broken",
        found: "doesn't answer at https://v.vault.azure.net: connect ECONNREFUSED",
        remedy:
          "Check that this machine resolves the name and that firewall and private endpoint let it in: docs/azure.md.",
      },
    ],
    [
      "a vault with another authority's certificate",
      environment({
        vaults: [
          {
            name: "tenants' vault",
            url: "https://127.0.0.1:1",
            answer: { ...REFUSED, code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", reason: "unable to verify" },
          },
        ],
      }),
      {
        what: "tenants' vault",
        state: "broken",
        found: "doesn't answer at https://127.0.0.1:1: unable to verify",
        remedy:
          "Its certificate is by an authority that this machine doesn't trust: NODE_EXTRA_CA_CERTS must name this local cloud's (`eval \"$(bin/tenantry local env)\"`).",
      },
    ],
    [
      "a name server that doesn't answer",
      environment({
        dns: { ...RUNNING.dns, problem: "127.0.0.1:20003: ETIMEOUT for 'local.tenantry.test'." },
      }),
      {
        what: "DNS",
        state: "broken",
        found: "no answer: 127.0.0.1:20003: ETIMEOUT for 'local.tenantry.test'.",
        remedy:
          "`tenantry local status` shows whether it runs, `tenantry local stop` and `start` bring it back; TENANTRY_DNS names it.",
      },
    ],
    [
      "a name server that lost the zone",
      environment({
        dns: { ...RUNNING.dns, problem: "127.0.0.1:20003: EREFUSED for 'local.tenantry.test'." },
      }),
      {
        what: "DNS",
        state: "broken",
        found: "127.0.0.1:20003 has no zone local.tenantry.test",
        remedy: "`tenantry up --platform --env local` makes it.",
      },
    ],
    [
      "a clock that is a little off",
      environment({ arm: { ...RUNNING.arm, answer: { ...ANSWERS, aheadMs: -45_200 } } }),
      {
        what: "clock",
        state: "notice",
        found: "this machine's is 45 s behind that of Resource Manager",
        remedy: "Set it by a time server (`timedatectl set-ntp true`): tokens are refused from 5 minutes on.",
      },
    ],
    [
      "a clock that tokens fail on",
      environment({ master: { state: "answers", tenants: 1, aheadMs: 612_000 } }),
      {
        what: "clock",
        state: "broken",
        found: "this machine's is 612 s ahead of that of master",
        remedy: "Set it by a time server (`timedatectl set-ntp true`): tokens are refused from 5 minutes on.",
      },
    ],
    [
      "what an interrupted run left",
      environment({ interrupted: [PENDING] }),
      {
        what: "stack local.acme",
        state: "notice",
        found: "an interrupted run left 'updating' of acme-secret",
        remedy:
          "The next `tenantry up` or `destroy` of it resolves this by itself. With a bare `pulumi`: its next run does it again.",
      },
    ],
  ])("%s", (_, findings, expected) => {
    expect(findings).toEqual([expected]);
  });
});
