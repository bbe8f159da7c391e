import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ComponentResource,
  type ComponentResourceOptions,
  CustomResource,
  type CustomResourceOptions,
  type Inputs,
  type Output,
  ProviderResource,
} from "@pulumi/pulumi";
import {
  type EngineEvent,
  LocalWorkspace,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { createEmbeddedCommand } from "../../../src/engine/index.ts";
import { readStateFile } from "../../../src/engine/stateFile.ts";
import { TestProvider } from "./testProvider.ts";

/** Belongs to the passphrase "local". */
const SALT = "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==";

/** A resource of the test provider. */
export class Thing extends CustomResource {
  declare readonly made: Output<string>;
  declare readonly value: Output<string>;

  constructor(name: string, inputs: Inputs = {}, options?: CustomResourceOptions) {
    super("test:index:Thing", name, { made: undefined, ...inputs }, { version: "1.2.3", ...options });
  }
}

/** A component with one child, `<name>-child`. */
export class Component extends ComponentResource {
  readonly child: Thing;

  constructor(name: string, options?: ComponentResourceOptions) {
    super("demo:index:Component", name, {}, options);
    this.child = new Thing(`${name}-child`, {}, { parent: this });
    this.registerOutputs({ made: this.child.made });
  }
}

/** An explicit provider instance of the test provider. */
export class TestInstance extends ProviderResource {
  constructor(name: string, inputs: Inputs = {}, options?: CustomResourceOptions) {
    super("test", name, inputs, { version: "1.2.3", ...options });
  }
}

/** A project, a file backend and a running test provider in a temporary folder. */
export class Harness {
  readonly root: string;
  readonly provider: TestProvider;
  readonly points: string[] = [];
  readonly events: EngineEvent[] = [];
  onPoint: ((point: string) => void) | undefined;
  readonly command = createEmbeddedCommand({
    onPoint: (point) => {
      this.points.push(point);
      this.onPoint?.(point);
    },
  });

  private constructor(root: string, provider: TestProvider) {
    this.root = root;
    this.provider = provider;
  }

  static async create(provider = new TestProvider()): Promise<Harness> {
    const root = await mkdtemp(join(tmpdir(), "engine-test-"));
    await provider.start();
    const harness = new Harness(root, provider);
    await writeFile(join(root, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
    await writeFile(join(root, "env.yaml"), `encryptionsalt: ${SALT}\nconfig:\n  demo:greeting: hello\n`);
    return harness;
  }

  async close(): Promise<void> {
    this.provider.stop();
    await rm(this.root, { recursive: true, force: true });
  }

  get environment(): Record<string, string> {
    return {
      PULUMI_BACKEND_URL: `file://${join(this.root, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "local",
      PULUMI_OPTION_CONFIG_FILE: join(this.root, "env.yaml"),
      PULUMI_DEBUG_PROVIDERS: `test:${this.provider.port}`,
    };
  }

  async stack(program: PulumiFn, name = "dev", environment: Record<string, string> = {}): Promise<Stack> {
    return await LocalWorkspace.createOrSelectStack(
      { projectName: "demo", stackName: name, program },
      {
        workDir: this.root,
        pulumiCommand: this.command,
        envVars: { ...this.environment, ...environment },
      },
    );
  }

  /** Runs one command line of the engine. */
  async run(args: readonly string[], environment: Record<string, string> = {}): Promise<CommandOutput> {
    const command = this.command as unknown as { run(...args: unknown[]): Promise<CommandOutput> };
    return await command.run([...args], this.root, { ...this.environment, ...environment });
  }

  /** Runs `up` and gives the counts of its resources. */
  async up(program: PulumiFn, name?: string): Promise<Record<string, number>> {
    const stack = await this.stack(program, name);
    this.events.length = 0;
    await stack.up({ onEvent: (event) => this.events.push(event) });
    return this.changes;
  }

  async preview(program: PulumiFn, name?: string): Promise<Record<string, number>> {
    this.events.length = 0;
    const stack = await this.stack(program, name);
    const { changeSummary } = await stack.preview({ onEvent: (event) => this.events.push(event) });
    return changeSummary as Record<string, number>;
  }

  get changes(): Record<string, number> {
    return this.events.find((event) => event.summaryEvent)?.summaryEvent?.resourceChanges as Record<
      string,
      number
    >;
  }

  checkpointPath(name = "dev"): string {
    return join(this.root, "backend", ".pulumi", "stacks", "demo", `${name}.json`);
  }

  /** The stack's checkpoint file, parsed. */
  async checkpoint(name?: string): Promise<CheckpointFile> {
    const file = await readStateFile(this.checkpointPath(name));
    return JSON.parse(file?.text ?? "{}") as CheckpointFile;
  }

  async resources(name?: string): Promise<readonly Resource[]> {
    return (await this.checkpoint(name)).checkpoint.latest.resources ?? [];
  }

  /** Every file under the backend with its bytes, so that a test can prove that nothing was written. */
  async files(): Promise<Record<string, string>> {
    const folder = join(this.root, "backend");
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map(async (path) => [path, await readFile(path, "utf8")] as const));
    return Object.fromEntries(texts);
  }
}

interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

export interface CheckpointFile {
  readonly version: number;
  readonly features?: readonly string[];
  readonly checkpoint: {
    readonly stack: string;
    readonly latest: {
      readonly resources?: readonly Resource[];
      readonly pending_operations?: readonly { readonly type: string; readonly resource: Resource }[];
      readonly [key: string]: unknown;
    };
  };
}

/** The names in URNs, in order. */
export function names(resources: readonly Resource[]): readonly string[] {
  return resources.map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
}
