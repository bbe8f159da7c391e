import type { EdgeCache } from "../frontDoor/edgeCache.ts";
import type { PostgresServers, VaultServers } from "../service.ts";
import type { ArmError } from "./armError.ts";
import type { ArmResource, JsonMap } from "./armResource.ts";
import type { ArmState } from "./armState.ts";
import type { ResourceId } from "./resourceId.ts";
import type { Members } from "./shape.ts";

/** What a type's rules may look at and act on. */
export interface Site {
  readonly state: ArmState;
  readonly vaults: VaultServers;
  readonly postgres: PostgresServers;
  readonly edgeCache: EdgeCache;
  /** The clock, in ms. */
  readonly now: () => number;
  readonly settings: ArmSettings;
  /** The type of a stored resource. Throws for one without (a deleted vault). */
  readonly typeOf: (resource: ArmResource) => ArmType;
}

/** Behaviour that tests and demonstrations turn. */
export interface ArmSettings {
  /** How long a Front Door or server operation stays `InProgress` at least, in ms; 0 answers the finished resource at once. */
  readonly operationDelayMs: number;
  /** How long after its TXT record is there a custom domain stays `Pending`, in ms. */
  readonly validationDelayMs: number;
  /** Most record sets of a DNS zone, its own SOA and NS among them. */
  readonly recordSetLimit: number;
  /** What a profile has at most, by SKU name. */
  readonly limits: Readonly<Record<string, ProfileLimits>>;
}

export interface ProfileLimits {
  readonly routes: number;
  readonly domains: number;
  readonly endpoints: number;
  readonly originGroups: number;
  /** In all groups together. */
  readonly origins: number;
}

/** A checked PUT (or a PATCH merged into the resource's old body). */
export interface PutCall {
  readonly site: Site;
  readonly id: ResourceId;
  /** The request's `api-version`: some defaults depend on it. */
  readonly apiVersion: string;
  /** In Microsoft's case. */
  readonly formattedId: string;
  readonly envelope: JsonMap;
  readonly properties: JsonMap;
  readonly existing: ArmResource | undefined;
}

/** What a PUT makes of a resource. */
export interface Put {
  readonly envelope?: JsonMap;
  readonly properties: JsonMap;
  readonly hidden?: JsonMap;
}

/** A stored resource and where it is. */
export interface StoredCall {
  readonly site: Site;
  readonly resource: ArmResource;
}

/** A POST below a resource: long-running work that answers 202 and no body. */
export interface ArmAction {
  readonly body: Members;
  /** Refuses by throwing ArmError, before the 202. */
  check?(call: ActionCall): void;
  /** The work behind the operation. */
  run(call: ActionCall): Promise<void>;
}

export interface ActionCall extends StoredCall {
  /** After its shape. */
  readonly body: JsonMap;
}

/** One resource type of Resource Manager. */
export interface ArmType {
  /** In Microsoft's case. */
  readonly type: string;
  readonly apiVersions: readonly string[];
  /** Names allowed for the last segment, and how to say so; `refusal` where Azure's own words are known. */
  readonly name: {
    readonly pattern: RegExp;
    readonly rule: string;
    readonly refusal?: (name: string) => ArmError;
  };
  /** Body members beside `properties`. */
  readonly envelope: Members;
  readonly properties: Members;
  /** `properties!` of the body must be there. */
  readonly isPropertiesRequired: boolean;
  /** True when PUT and DELETE are long-running operations. */
  readonly isAsync: boolean;
  /** True when of a long-running type's verbs only DELETE takes its time. */
  readonly isPutSynchronous?: boolean;
  /** True when Azure's pages have `Location` beside `Azure-AsyncOperation`. */
  readonly hasLocation?: boolean;
  /** True when the resource's etag is answered. */
  readonly hasEtag?: boolean;
  /** What a failed delete leaves in `provisioningState`. Default `Failed`. */
  readonly stateAfterFailedRemove?: "Succeeded";
  /** Decides what is stored. Throws ArmError to refuse. */
  put(call: PutCall): Put | Promise<Put>;
  /**
   * The slow part of a PUT, idempotent: the resource is on disk as `Creating` or `Updating` before it runs, and a restart
   * in the middle runs it again. What it answers is merged into the properties.
   */
  finish?(call: StoredCall): Promise<JsonMap>;
  /** The refusal of a change while one is under way. Default: 409 `AnotherOperationInProgress`. */
  busy?(name: string): ArmError;
  /** Refuses a delete by throwing ArmError, before anything is touched. */
  checkRemove?(call: StoredCall): void;
  /** The slow part of a delete, idempotent; the resource is forgotten after it. */
  remove?(call: StoredCall): Promise<void>;
  /** Resources directly below `parentId` that nobody stored: what Azure itself puts there. */
  computed?(site: Site, parentId: string): readonly ArmResource[];
  /** What can be POSTed below a resource, by name. */
  readonly actions?: Readonly<Record<string, ArmAction>>;
  /** Properties as they are now, e.g. a validation state. Default: as stored. */
  view?(site: Site, resource: ArmResource): ArmResource;
}
