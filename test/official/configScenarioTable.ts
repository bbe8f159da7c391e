/** A config file and what is done to it, command by command (`config` left out). */
export interface ConfigScenario {
  /** Undefined: there is no file but what `stack init` makes. */
  readonly file: string | undefined;
  readonly commands: readonly (readonly string[])[];
}

/** Belongs to the passphrase "local". */
const SALT = "encryptionsalt: v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==\n";

const COMMENTED = `# the environment
${SALT}config:
  # who is greeted
  demo:greeting: hello # politely
  demo:tree:
    # inside
    leaf: 1
    list:
      - a # first
      - b
  other:name: "quoted"
`;

/** What both engines must make the same file of. */
export const CONFIG_SCENARIOS: Readonly<Record<string, ConfigScenario>> = {
  "a first value": { file: SALT, commands: [["set", "greeting", "hello"]] },
  "a value of another namespace": { file: SALT, commands: [["set", "azure:location", "westeurope"]] },
  "an old form of key": { file: SALT, commands: [["set", "azure:config:location", "westeurope"]] },
  "a changed value": { file: COMMENTED, commands: [["set", "greeting", "goodbye"]] },
  "a quoted value": { file: COMMENTED, commands: [["set", "other:name", "changed"]] },
  "a value inside": { file: COMMENTED, commands: [["set", "--path", "tree.leaf", "2"]] },
  "a value further inside": { file: COMMENTED, commands: [["set", "--path", "tree.branch.twig", "true"]] },
  "an element": { file: COMMENTED, commands: [["set", "--path", "tree.list[2]", "c"]] },
  "a new list": { file: SALT, commands: [["set", "--path", "names[0]", "a"]] },
  "a key with a dot": { file: SALT, commands: [["set", "--path", '["a.b"]["c.d"]', "x"]] },
  "a plain value that becomes a map": {
    file: COMMENTED,
    commands: [["set", "--path", "greeting.text", "x"]],
  },
  "texts that look like something else": {
    file: SALT,
    commands: [
      ..."true no 012 1_000 0x1f 1e3 .5 2024-01-01 1:30 ~ null .inf"
        .split(" ")
        .map((text, index) => ["set", `k${index}`, text]),
      ["set", "empty", ""],
      ["set", "star", "*x"],
      ["set", "colon", "a: b"],
      ["set", "hash", "a #b"],
      ["set", "dash", "--", "-x"],
      ["set", "quote", "it's"],
      ["set", "lines", "one\ntwo"],
      ["set", "ended", "one\ntwo\n"],
      ["set", "long", "word ".repeat(40)],
    ],
  },
  "numbers inside": {
    file: SALT,
    commands: ["7", "-7", "007", "1.5", "false"].map((text, index) => [
      "set",
      "--path",
      `n.k${index}`,
      "--",
      text,
    ]),
  },
  types: {
    file: SALT,
    commands: [
      ["set", "a", "1", "--type", "int"],
      ["set", "b", "true", "--type", "bool"],
      ["set", "c", "1.5", "--type", "float"],
      ["set", "d", "1", "--type", "string"],
      ["set", "--path", "t.a", "1", "--type", "int"],
      ["set", "--path", "t.b", "true", "--type", "bool"],
      ["set", "--path", "t.c", "1.5", "--type", "float"],
      ["set", "--path", "t.d", "1", "--type", "string"],
    ],
  },
  secrets: {
    file: COMMENTED,
    commands: [
      ["set", "--secret", "password", "s3cr3t"],
      ["set", "--secret", "--path", "tree.token", "t"],
    ],
  },
  "a secret without a salt": { file: "", commands: [["set", "--secret", "password", "x"]] },
  "many at once": {
    file: SALT,
    commands: [
      ["set-all", "--plaintext", "b=1", "--plaintext", "a10=x=y", "--plaintext", "a2=z", "--secret", "c=s"],
    ],
  },
  "many inside": {
    file: SALT,
    commands: [["set-all", "--path", "--plaintext", "m.b=1", "--plaintext", "m.a=true", "--secret", "m.s=x"]],
  },
  "what `config --json` prints": {
    file: SALT,
    commands: [
      [
        "set-all",
        "--json",
        '{"demo:a":{"value":"x","secret":false},"demo:o":{"value":"{\\"b\\":1}","objectValue":{"b":1},"secret":false},"demo:s":{"value":"y","secret":true}}',
      ],
    ],
  },
  "a removed value": { file: COMMENTED, commands: [["rm", "greeting"]] },
  "a removed value inside": { file: COMMENTED, commands: [["rm", "--path", "tree.leaf"]] },
  "a removed element": { file: COMMENTED, commands: [["rm", "--path", "tree.list[0]"]] },
  "what isn't there": {
    file: COMMENTED,
    commands: [
      ["rm", "nothing"],
      ["rm", "--path", "tree.no.where"],
    ],
  },
  "everything removed": { file: `${SALT}config:\n  demo:a: x\n`, commands: [["rm-all", "a"]] },
  "several removed": { file: COMMENTED, commands: [["rm-all", "--path", "tree.leaf", "greeting"]] },
};

/** What both refuse, leaving the file as it was. */
export const REFUSED_EDITS: readonly (readonly string[])[] = [
  ["set", "a:b:c:d", "x"],
  ["set", "--path", "tree[", "x"],
  ["set", "--path", ".tree", "x"],
  ["set", "--path", "tree.list[9]", "x"],
  ["set", "--path", "tree.list.name", "x"],
  ["set", "--path", "tree.leaf.deeper", "x"],
  ["set", "--path", "new.secure", "x"],
  ["set", "password", "Zk9qLw2tRv7xPb4n"],
  ["set", "--secret", "--plaintext", "a", "x"],
  ["set", "a", "x", "--type", "color"],
  ["set-all", "--plaintext", "novalue"],
  ["set-all", "--json", "{"],
  ["set-all", "--json", '{"demo:a":{"secret":true}}'],
  ["get", "nothing"],
  ["set"],
  ["rm"],
];
