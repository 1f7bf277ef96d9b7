import type { Ownership } from '#domain/resources/tags.ts';

/** What a resource shall be. Names follow from the tenant's id, everything else from the registry. */
export interface ResourceSpec extends Ownership {
  epoch: number;
  region: string;
  /** Suspending a tenant is an `ensure` with `suspended`. */
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
  /** Makes it so, tagged, and mends what `verify` may find. Refuses `resource_conflict` when something foreign has the name. */
  ensure(spec: ResourceSpec, signal: AbortSignal): Promise<Observed>;
  /** Uses it the way the tenant would. Throws `check_failed`. */
  prove(spec: ResourceSpec): Promise<void>;
  /** The differences between reality and spec. Writes nothing. */
  verify(spec: ResourceSpec): Promise<Difference[]>;
  /** Removes it only if our tag is on it; that it was never there is success. */
  destroy(ref: ResourceRef): Promise<void>;
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
