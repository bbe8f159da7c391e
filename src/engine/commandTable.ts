/** How a flag takes its value: none, one, `--flag` and `--flag=true|false`, or one each time it is given. */
export type FlagKind = "bare" | "value" | "boolean" | "list";

/** One command: the flags it has, and those that the official CLI has beside them and that are refused by name. */
export interface CommandRow {
  readonly flags: Readonly<Record<string, FlagKind>>;
  readonly refused: readonly string[];
}

/** Flags of every command. */
export const GLOBAL: CommandRow = {
  flags: { "--non-interactive": "bare", "--stack": "value", "--color": "value", "--cwd": "value" },
  refused: [
    "--disable-integrity-checking",
    "--emoji",
    "--fully-qualify-stack-names",
    "--logflow",
    "--logtostderr",
    "--memprofilerate",
    "--otel-traces",
    "--profiling",
    "--tracing",
    "--verbose",
  ],
};

const RUN_FLAGS = {
  "--client": "value",
  "--config-file": "value",
  "--diff": "bare",
  "--event-log": "value",
  "--exclude": "list",
  "--exec-agent": "value",
  "--exec-kind": "value",
  "--expect-no-changes": "bare",
  "--message": "value",
  "--parallel": "value",
  "--run-program": "boolean",
  "--skip-preview": "bare",
  "--suppress-outputs": "bare",
  "--suppress-progress": "bare",
  "--target": "list",
  "--target-dependents": "bare",
  "--yes": "bare",
} as const;

/** Flags of `preview` and `up`. */
const PROGRAM_FLAGS = {
  ...RUN_FLAGS,
  "--exclude-dependents": "bare",
  "--ignore-protect": "bare",
  "--refresh": "boolean",
  "--replace": "list",
  "--target-replace": "list",
} as const;

/** Refused by `preview`, `up`, `refresh` and `destroy`. */
const RUN_REFUSED = [
  "--config",
  "--config-path",
  "--debug",
  "--json",
  "--neo",
  "--override-env",
  "--show-replacement-steps",
  "--show-sames",
  "--skip-config-validation",
  "--skip-plugin-pre-install",
  "--suppress-permalink",
  "--urns",
];

/** Refused by `preview` and `up`. */
const PROGRAM_REFUSED = [
  ...RUN_REFUSED,
  "--attach-debugger",
  "--policy-pack",
  "--policy-pack-config",
  "--show-config",
  "--show-full-output",
  "--show-policy-remediations",
  "--show-reads",
  "--show-secrets",
];

const NO_FLAGS: CommandRow = { flags: {}, refused: [] };

/** Every command there is, beside the flags and commands of the official CLI v3.259.0 that are refused. */
export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  version: NO_FLAGS,
  whoami: { flags: { "--json": "bare" }, refused: ["--output"] },
  login: {
    flags: {},
    refused: [
      "--cloud-url",
      "--default-org",
      "--insecure",
      "--interactive",
      "--local",
      "--oidc-expiration",
      "--oidc-org",
      "--oidc-team",
      "--oidc-token",
      "--oidc-user",
    ],
  },
  cancel: { flags: { "--yes": "bare" }, refused: [] },
  preview: {
    flags: PROGRAM_FLAGS,
    refused: [...PROGRAM_REFUSED, "--import-file", "--save-plan"],
  },
  up: {
    flags: { ...PROGRAM_FLAGS, "--continue-on-error": "bare" },
    refused: [...PROGRAM_REFUSED, "--plan", "--secrets-provider", "--strict"],
  },
  refresh: {
    flags: {
      ...RUN_FLAGS,
      "--clear-pending-creates": "bare",
      "--exclude-dependents": "bare",
      "--preview-only": "bare",
      "--skip-pending-creates": "bare",
    },
    refused: [...RUN_REFUSED, "--import-pending-creates"],
  },
  destroy: {
    flags: {
      ...RUN_FLAGS,
      "--continue-on-error": "bare",
      "--exclude-protected": "bare",
      "--ignore-protect": "bare",
      "--preview-only": "bare",
      "--refresh": "boolean",
      "--remove": "bare",
    },
    refused: [...RUN_REFUSED, "--show-config", "--show-full-output"],
  },
  config: {
    flags: { "--show-secrets": "bare", "--json": "bare", "--config-file": "value" },
    refused: ["--open"],
  },
  "config get": {
    flags: { "--json": "bare", "--path": "bare", "--config-file": "value" },
    refused: ["--open"],
  },
  "stack init": {
    flags: { "--secrets-provider": "value", "--no-select": "bare" },
    refused: ["--copy-config-from", "--teams", "--yes"],
  },
  "stack select": { flags: {}, refused: ["--create", "--secrets-provider"] },
  "stack ls": {
    flags: { "--json": "bare", "--all": "bare" },
    refused: ["--organization", "--output", "--project", "--tag"],
  },
  "stack rm": {
    flags: { "--yes": "bare", "--force": "bare", "--preserve-config": "bare" },
    refused: ["--remove-backups"],
  },
  "stack output": { flags: { "--json": "bare", "--show-secrets": "bare" }, refused: ["--shell"] },
  "stack export": { flags: { "--show-secrets": "bare", "--file": "value" }, refused: ["--version"] },
  "stack import": { flags: { "--file": "value", "--force": "bare" }, refused: [] },
  "stack history": {
    flags: { "--json": "bare", "--show-secrets": "bare", "--page-size": "value", "--page": "value" },
    refused: ["--full-dates", "--output"],
  },
  "state unprotect": { flags: { "--all": "bare", "--yes": "bare" }, refused: [] },
};

/** Commands of the official CLI that are refused; a group stands for all below it that is not in {@link COMMANDS}. */
export const REFUSED_COMMANDS: readonly string[] = [
  "about",
  "api",
  "config cp",
  "config env",
  "config refresh",
  "config rm",
  "config rm-all",
  "config set",
  "config set-all",
  "console",
  "convert",
  "deployment",
  "do",
  "env",
  "gen-completion",
  "import",
  "insights",
  "install",
  "logout",
  "logs",
  "neo",
  "new",
  "org",
  "package",
  "plugin",
  "policy",
  "project",
  "schema",
  "stack change-secrets-provider",
  "stack drift",
  "stack graph",
  "stack rename",
  "stack schedule",
  "stack tag",
  "stack unselect",
  "stack webhook",
  "state delete",
  "state move",
  "state protect",
  "state rename",
  "state repair",
  "state taint",
  "state untaint",
  "state upgrade",
  "template",
  "watch",
];
