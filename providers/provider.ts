import type { HeldPart } from '#domain/backups/format/manifest.ts';
import type { Ownership } from '#domain/resources/tags.ts';

/** What a resource shall be. Names follow from the tenant's id, everything else from the registry. */
export interface ResourceSpec extends Ownership {
  epoch: number;
  region: string;
  /** As the registry had it when this was written; whoever makes it so asks again while it holds the fence. */
  access: 'open' | 'suspended';
}

/** What is enough to remove a resource, whatever became of its tenant's row. */
export type ResourceRef = Ownership & { epoch: number };

export interface PlannedAction {
  action: 'create' | 'adopt' | 'conflict' | 'unchanged';
  reason: string;
}

/** What came of an `ensure`: the outside name, and what a manifest tells of it. No secrets. */
export interface Observed {
  externalId: string;
  values: Record<string, string>;
}

export interface Difference {
  what: string;
  expected: string;
  found: string;
  /**
   * What `ensure` can do about it: `mend` it without loss; `remake` it, empty, when what was in it is lost already; `none`, when only a
   * person can.
   */
  repair: 'mend' | 'remake' | 'none';
  /** Said of the resource itself: it is not there. */
  isWhole?: true;
}

/**
 * One part of an export: the rows of a table, an object. Its pieces are read once, to their end, before the next part is asked for; the
 * whole export is of one moment where the system can tell one.
 */
export interface ExportedPart {
  what: 'rows' | 'object';
  /** What it is called where it comes from: any text, never a path to be trusted. */
  name: string;
  /** JSON Lines for rows, the bytes of an object. */
  pieces: AsyncIterable<Buffer>;
  /** How many rows were counted at the source, at the same moment. */
  sourceRows?: number;
  /** What is needed to read it: columns with their types. */
  about?: Record<string, unknown>;
}

/**
 * One part of a snapshot, in whatever form its provider brings it back from. Its pieces are read once and to their end; several parts may be read side
 * by side. When the first part is given, the source stands still: everything is of that moment.
 */
export interface SnapshotPart {
  /** Rows of a table, or objects packed behind one another. */
  what: 'rows' | 'objects';
  name: string;
  pieces: AsyncIterable<Buffer>;
  /** By this process's clock. */
  at: Date;
  /** What {@link Provider.restore} needs to bring it back. */
  about?: Record<string, unknown>;
  /** What the source says it gave; known once the pieces were read. */
  held(): { rows?: number; objects?: number; last?: string; changed?: number };
}

/** What a provider restores from: its own parts of one backup. */
export interface RestoreSource {
  /** No part of the copy is of a later moment. */
  until: Date;
  /** Whose it was; another than the spec's when it is restored beside. */
  tenantId: string;
  resourceId: string;
  parts: readonly HeldPart[];
  /** A part in clear. Throws when it is not what was written; that may come after its last piece. */
  open(part: HeldPart): AsyncIterable<Buffer>;
  /** Only what is called so, of tables, objects or people; null for everything. */
  only: readonly string[] | null;
}

export interface Restored {
  rows: number;
  objects: number;
  bytes: number;
  /** What was in the copy and did not come back, or came back as something else, and why. */
  leftOut: { what: string; why: string }[];
}

/** How much of a resource there is, by what it consists of: `{ tables: 3, rows: 120 }`. Nothing there counts as zeros. */
export type Measures = Record<string, number>;

/** A thing outside the registry that carries our tag, whatever the registry believes. */
export interface Owned {
  externalId: string;
  /** What people call it: "Schema", "Login role". */
  what: string;
  ownership: Ownership;
}

/** A thing that the registry does not want, as a sweep saw it; without a resource it had no tag, only a name that we give. */
export interface Discarded {
  externalId: string;
  what: string;
  tenantId: string;
  resourceId: string | null;
}

/**
 * Keeps one kind of resource. Every verb may be called twice, and `destroy` alone. A resource whose `destroy` has begun can
 * never be made again: a late `ensure` is refused with `resource_fenced`.
 */
export interface Provider {
  kind: string;
  /** What `ensure` would do. Writes nothing. */
  plan(spec: ResourceSpec): Promise<PlannedAction>;
  /** Makes again what the resource stands on, where that was lost with it: the database of its data store. */
  reopen?(spec: ResourceSpec): Promise<void>;
  /** Makes it so, tagged, and mends what `verify` may find. Refuses `resource_conflict` when something foreign has the name. */
  ensure(spec: ResourceSpec, signal: AbortSignal): Promise<Observed>;
  /** Brings its secrets, and nothing else, to what the registry says of them; what was opened by one that works no more is ended. */
  settleCredentials?(spec: ResourceSpec): Promise<void>;
  /**
   * The part of `ensure` that suspends a tenant and resumes it: brings who may use the resource, and nothing else, to what the registry says,
   * whatever state its contents are in. What is in use when it closes is ended. Nothing to close is success.
   */
  settleAccess(spec: ResourceSpec, signal: AbortSignal): Promise<void>;
  /** Uses it the way the tenant would, by every secret that is to work. Throws `check_failed`. */
  prove(spec: ResourceSpec): Promise<void>;
  /** The differences between reality and spec. Writes nothing. */
  verify(spec: ResourceSpec): Promise<Difference[]>;
  /** Removes it only if our tag is on it; that it was never there is success. */
  destroy(ref: ResourceRef): Promise<void>;
  /** Everything in it, for people, as parts that are read one after the other in bounded memory. Works on a suspended resource; writes nothing. */
  export(ref: ResourceRef, signal: AbortSignal): AsyncIterable<ExportedPart>;
  /** Everything in it, for {@link restore}. Works on a suspended resource; writes nothing. Refuses `backup_rows_hidden`. */
  snapshot(ref: ResourceRef, signal: AbortSignal): AsyncIterable<SnapshotPart>;
  /** Whoever writes to it waits until the answer is called; those under way end first. For moments: the copy of several sources is of one point. */
  holdWrites?(ref: ResourceRef, signal: AbortSignal): Promise<() => Promise<void>>;
  /**
   * Brings back what a snapshot held into what `ensure` made, in place of what is there. Nobody else may use it meanwhile. All of it or nothing, and twice
   * is once. Refuses `restore_refused`, `restore_dangling`, `backup_schema_newer`, `backup_schema_unknown`, and what reading the parts refuses.
   */
  restore(spec: ResourceSpec, from: RestoreSource, signal: AbortSignal): Promise<Restored>;
  /** Loads what a product wants new tenants to find, once; false when it has nothing. Refuses `migration_failed`. */
  loadSample?(spec: ResourceSpec): Promise<boolean>;
  /** How much there is of it. Writes nothing. */
  measure(ref: ResourceRef): Promise<Measures>;
  /** Everything that carries our installation's tag, a page at a time. */
  list(cursor: string | null): Promise<{
    items: Owned[];
    /** Empty, without a tag, of a name that only we give: what a frozen attempt may have made again after its removal. */
    unmarked?: { externalId: string; what: string; tenantId: string }[];
    nextCursor: string | null;
  }>;
  /** Removes what {@link list} told of, if it is still as it was; that it is gone is success. Refuses `resource_conflict`. */
  discard(found: Discarded, holder: { runId: string; epoch: number }): Promise<void>;
  /** The runs whose marks are outside even when what they made is gone: by them a restored registry is found out. */
  witnesses?(): Promise<{ runId: string; at: string }[]>;
}

/** An outside system answered with an error, or not at all. Never holds an address with credentials or a payload. */
export class ProviderError extends Error {
  readonly system: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;

  constructor(
    system: string,
    message: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number; requestId?: string } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ProviderError';
    this.system = system;
    this.retryable = options.retryable ?? true;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.requestId = options.requestId ?? null;
  }
}
