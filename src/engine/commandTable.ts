/**
 * How a flag takes its value: `bare` is on or off, `boolean` tells off from not given, `value` takes one, `list` one each
 * time it is given. The first two are also written `--flag=true|false`.
 */
export type FlagKind = "bare" | "value" | "boolean" | "list";

/** One command: the flags it has, and those that the official CLI has beside them and that are refused by name. */
export interface CommandRow {
  readonly flags: Readonly<Record<string, FlagKind>>;
  readonly refused: readonly string[];
  /** How many arguments it takes at most. Default 0. */
  readonly arguments?: number;
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
  "--config": "list",
  "--config-file": "value",
  "--config-path": "bare",
  "--diff": "bare",
  "--event-log": "value",
  "--exclude": "list",
  "--exec-agent": "value",
  "--exec-kind": "value",
  "--expect-no-changes": "bare",
  "--json": "bare",
  "--message": "value",
  "--parallel": "value",
  "--run-program": "boolean",
  "--show-replacement-steps": "bare",
  "--show-sames": "bare",
  "--skip-preview": "bare",
  "--suppress-outputs": "bare",
  "--suppress-progress": "bare",
  "--target": "list",
  "--target-dependents": "bare",
  "--urns": "bare",
  "--yes": "bare",
} as const;

/** Of `preview` and `up`. */
const PROGRAM_FLAGS = {
  ...RUN_FLAGS,
  "--exclude-dependents": "bare",
  "--ignore-protect": "bare",
  "--refresh": "boolean",
  "--replace": "list",
  "--show-config": "bare",
  "--show-full-output": "boolean",
  "--show-secrets": "bare",
  "--target-replace": "list",
} as const;

/** No bound on the number of arguments. */
const ANY = Number.POSITIVE_INFINITY;

/** Refused by `preview`, `up`, `refresh` and `destroy`. */
const RUN_REFUSED = [
  "--debug",
  "--neo",
  "--override-env",
  "--skip-config-validation",
  "--skip-plugin-pre-install",
  "--suppress-permalink",
];

/** Refused by `preview` and `up`. */
const PROGRAM_REFUSED = [
  ...RUN_REFUSED,
  "--attach-debugger",
  "--policy-pack",
  "--policy-pack-config",
  "--show-policy-remediations",
  "--show-reads",
];

const NO_FLAGS: CommandRow = { flags: {}, refused: [] };

/** Every command there is, beside the flags and commands of the official CLI v3.259.0 that are refused. */
export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  version: NO_FLAGS,
  whoami: { flags: { "--json": "bare" }, refused: ["--output"] },
  login: {
    flags: {},
    arguments: 1,
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
  cancel: { flags: { "--yes": "bare" }, refused: [], arguments: 1 },
  preview: { flags: PROGRAM_FLAGS, refused: [...PROGRAM_REFUSED, "--import-file", "--save-plan"] },
  up: {
    flags: { ...PROGRAM_FLAGS, "--continue-on-error": "bare" },
    refused: [...PROGRAM_REFUSED, "--plan", "--secrets-provider", "--strict"],
  },
  refresh: {
    flags: {
      ...RUN_FLAGS,
      "--clear-pending-creates": "bare",
      "--exclude-dependents": "bare",
      "--import-pending-creates": "list",
      "--preview-only": "bare",
      "--skip-pending-creates": "bare",
    },
    refused: RUN_REFUSED,
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
      "--show-config": "bare",
      "--show-full-output": "boolean",
    },
    refused: RUN_REFUSED,
  },
  config: {
    flags: { "--show-secrets": "bare", "--json": "bare", "--config-file": "value" },
    arguments: 1,
    refused: ["--open"],
  },
  "config get": {
    flags: { "--json": "bare", "--path": "bare", "--config-file": "value" },
    arguments: 1,
    refused: ["--open"],
  },
  "config set": {
    flags: {
      "--config-file": "value",
      "--path": "bare",
      "--plaintext": "bare",
      "--raw": "bare",
      "--secret": "bare",
      "--type": "value",
    },
    arguments: 2,
    refused: [],
  },
  "config set-all": {
    flags: {
      "--config-file": "value",
      "--json": "value",
      "--path": "bare",
      "--plaintext": "list",
      "--secret": "list",
    },
    refused: [],
  },
  "config refresh": { flags: { "--config-file": "value", "--force": "bare" }, refused: [] },
  "config rm": { flags: { "--config-file": "value", "--path": "bare" }, refused: [], arguments: 1 },
  "config rm-all": { flags: { "--config-file": "value", "--path": "bare" }, refused: [], arguments: ANY },
  "stack init": {
    flags: { "--secrets-provider": "value", "--no-select": "bare", "--yes": "bare" },
    arguments: 1,
    refused: ["--copy-config-from", "--teams"],
  },
  "stack select": {
    flags: { "--create": "bare", "--secrets-provider": "value" },
    arguments: 1,
    refused: [],
  },
  "stack ls": {
    flags: { "--json": "bare", "--all": "bare", "--organization": "value", "--project": "value" },
    refused: ["--output", "--tag"],
  },
  "stack rm": {
    flags: { "--yes": "bare", "--force": "bare", "--preserve-config": "bare" },
    arguments: 1,
    refused: ["--remove-backups"],
  },
  "stack rename": { flags: {}, refused: [], arguments: 1 },
  "stack output": {
    flags: { "--json": "bare", "--shell": "bare", "--show-secrets": "bare" },
    arguments: 1,
    refused: [],
  },
  "stack export": { flags: { "--show-secrets": "bare", "--file": "value" }, refused: ["--version"] },
  "stack import": { flags: { "--file": "value", "--force": "bare" }, refused: [] },
  "stack history": {
    flags: {
      "--full-dates": "bare",
      "--json": "bare",
      "--show-secrets": "bare",
      "--page-size": "value",
      "--page": "value",
    },
    refused: ["--output"],
  },
  "state delete": {
    flags: { "--all": "bare", "--force": "bare", "--target-dependents": "bare", "--yes": "bare" },
    arguments: ANY,
    refused: [],
  },
  "state protect": { flags: { "--all": "bare", "--yes": "bare" }, refused: [], arguments: ANY },
  "state unprotect": { flags: { "--all": "bare", "--yes": "bare" }, refused: [], arguments: ANY },
};

/** Other names of the official CLI for the same commands. */
export const ALIASES: Readonly<Record<string, string>> = {
  "config delete": "config rm",
  "config delete-all": "config rm-all",
  "config remove": "config rm",
  "config remove-all": "config rm-all",
  dn: "destroy",
  down: "destroy",
  pre: "preview",
  "stack create": "stack init",
  "stack delete": "stack rm",
  "stack hist": "stack history",
  "stack list": "stack ls",
  "stack new": "stack init",
  "stack remove": "stack rm",
  "state remove": "state delete",
  "state rm": "state delete",
  update: "up",
};

/** The long flags that a short one may stand for: the first that the command has. */
export const SHORT_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "-C": ["--cwd"],
  "-a": ["--all"],
  "-c": ["--config", "--create"],
  "-d": ["--debug"],
  "-f": ["--skip-preview", "--force"],
  "-j": ["--json"],
  "-m": ["--message"],
  "-o": ["--organization"],
  "-p": ["--parallel", "--project"],
  "-r": ["--refresh"],
  "-s": ["--stack"],
  "-t": ["--target", "--tag"],
  "-x": ["--exclude"],
  "-y": ["--yes"],
};

/** Commands of the official CLI that are refused; a group stands for all below it that is not in {@link COMMANDS}. */
export const REFUSED_COMMANDS: readonly string[] = [
  "about",
  "api",
  "config cp",
  "config env",
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
  "stack schedule",
  "stack tag",
  "stack unselect",
  "stack webhook",
  "state move",
  "state rename",
  "state repair",
  "state taint",
  "state untaint",
  "state upgrade",
  "template",
  "watch",
];
