import { createHash } from 'node:crypto';
import type { ActorKind } from '../events/actor.ts';
import { canonical } from './canonical.ts';

/** What belongs to no tenant has a chain of its own. */
export const platformChain = 'platform';

/**
 * An event as it is sealed: everything that it tells, in its place in its chain. `docs/security/audit.md` promises this shape to other
 * programs, so a change of it is a new `v`.
 */
export interface Entry {
  v: 1;
  /** A tenant's id, or `platform`. */
  chain: string;
  /** 1, 2, 3, … in its chain, without a gap. */
  sequence: number;
  /** The event's number in the registry, as text. */
  id: string;
  /** RFC 3339, UTC, with six digits of a second. */
  at: string;
  type: string;
  schema: number;
  stream: string;
  version: number;
  tenant: string | null;
  outcome: string;
  code: string | null;
  actor: {
    kind: ActorKind;
    user: string | null;
    key: string | null;
    support: string | null;
    onBehalfOf: string | null;
  };
  target: { kind: string; id: string };
  request: string | null;
  trace: string | null;
  /** Ciphertext: erasing its key leaves the chain whole. */
  origin: { key: string; sealed: string } | null;
  data: Record<string, unknown>;
}

/** An entry as it is kept: with the hash that links it. */
export interface KeptEntry {
  entry: Entry;
  hash: Buffer;
}

/** A place in a chain: the entry that has this sequence has this hash. */
export interface Link {
  sequence: number;
  hash: Buffer;
}

/** Where a chain begins: bound to its installation, so that no chain can be passed off as another. */
export const beginningOf = (installation: string, chain: string): Link => ({
  sequence: 0,
  hash: createHash('sha256').update(`tenantry/audit/1/${installation}/${chain}`).digest(),
});

/** SHA-256 over the former entry's hash (32 bytes) and the entry's canonical text (UTF-8). */
export const hashOfEntry = (previous: Buffer, entry: Entry): Buffer =>
  createHash('sha256').update(previous).update(canonical(entry)).digest();

/** On what, when the event does not say otherwise: `run:<id>` is a run, `platform:users/<id>` one of the users. */
export function targetOfStream(stream: string): { kind: string; id: string } {
  const at = stream.indexOf(':');
  const [kind, id] = [stream.slice(0, at), stream.slice(at + 1)];
  const slash = id.indexOf('/');
  return kind === 'platform' && slash > 0 ? { kind: id.slice(0, slash), id: id.slice(slash + 1) } : { kind, id };
}
