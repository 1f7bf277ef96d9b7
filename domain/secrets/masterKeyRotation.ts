import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { rows } from '../sql.ts';
import { Keyring, masterKeyIdOf } from './keyring.ts';

/**
 * Changing the master key with overlap: the new one is offered, which seals the root key a second time; processes are given the new key and restarted
 * one after the other, while either key opens the registry; then it is settled, and the old key opens nothing any more. Nothing that rests
 * under the root key is written again (NIST SP 800-57 part 1, 5.3.5: a key that wraps keys has a period of its own).
 */
export interface MasterKeyStanding {
  /** The key that is in force, by its id (16 hex digits that tell nothing of it). */
  current: string;
  /** The one that is to follow it; null when none is offered. */
  next: string | null;
  /** ISO 8601, UTC. */
  offeredAt: string | null;
}

interface Row {
  id: string;
  sealed_root: Buffer;
  master_key_id: string;
  next_sealed_root: Buffer | null;
  next_master_key_id: string | null;
  next_offered_at: string | Date | null;
}

async function held(em: Sql): Promise<Row> {
  const [row] = await rows<Row>(em)`
    select id, sealed_root, master_key_id, next_sealed_root, next_master_key_id, next_offered_at from installations for update`;
  if (!row) throw new DomainError('not_found', 'This registry has no installation yet: start Tenantry once.');
  return row;
}

export async function masterKeyStanding(em: Sql): Promise<MasterKeyStanding> {
  const [row] = await rows<Row>(em)`select master_key_id, next_master_key_id, next_offered_at from installations`;
  if (!row) throw new DomainError('not_found', 'This registry has no installation yet: start Tenantry once.');
  return {
    current: row.master_key_id,
    next: row.next_master_key_id,
    offeredAt: row.next_offered_at && isoOf(row.next_offered_at),
  };
}

/**
 * From here on the new key opens the registry too. Offering the same one again changes nothing.
 * Refuses with `master_key_wrong` a current key that is not in force, with `master_key_offered` while another one is offered, with
 * `master_key_unchanged` the key that is in force already.
 */
export async function offerMasterKey(
  em: Sql,
  { current, next }: { current: Buffer; next: Buffer },
  actor: Actor,
): Promise<MasterKeyStanding> {
  const nextId = masterKeyIdOf(next);
  return em.transactional(async (tx) => {
    const row = await held(tx);
    if (row.master_key_id === nextId)
      throw new DomainError('master_key_unchanged', `The master key ${nextId} is in force already.`);
    if (row.master_key_id !== masterKeyIdOf(current)) throw wrongKey(row.master_key_id, current);
    if (row.next_master_key_id !== null && row.next_master_key_id !== nextId)
      throw new DomainError(
        'master_key_offered',
        `The master key ${row.next_master_key_id} is offered already: settle or withdraw it first.`,
      );
    if (row.next_master_key_id === null) {
      const sealed = Keyring.resealedRoot(current, next, row.id, row.sealed_root);
      await rows(tx)`
        update installations set next_sealed_root = ${sealed}, next_master_key_id = ${nextId}, next_offered_at = now()`;
      await tell(tx, 'platform.master_key_offered', { current: row.master_key_id, next: nextId }, actor);
    }
    return masterKeyStanding(tx);
  });
}

/**
 * The offered key alone opens the registry from here on.
 *
 * @param given what this process was configured with: that it is the offered one shows that the new key has arrived where it is used. Refuses with
 * `master_key_wrong` otherwise, with `master_key_not_offered` when there is nothing to settle. Settling twice is settling once.
 */
export async function settleMasterKey(em: Sql, given: Buffer, actor: Actor): Promise<MasterKeyStanding> {
  const givenId = masterKeyIdOf(given);
  return em.transactional(async (tx) => {
    const row = await held(tx);
    if (row.next_master_key_id === null) {
      if (row.master_key_id === givenId) return masterKeyStanding(tx);
      throw new DomainError('master_key_not_offered', 'No other master key is offered.');
    }
    if (row.next_master_key_id !== givenId) throw wrongKey(row.next_master_key_id, given);
    Keyring.open(given, row.id, row.next_sealed_root!); // throws rather than leaving a root that nobody can open
    await rows(tx)`
      update installations set sealed_root = next_sealed_root, master_key_id = next_master_key_id,
             next_sealed_root = null, next_master_key_id = null, next_offered_at = null`;
    await tell(tx, 'platform.master_key_settled', { before: row.master_key_id, current: givenId }, actor);
    return masterKeyStanding(tx);
  });
}

/** The offered key opens nothing any more. Whoever was restarted with it already has to get the old one back first. */
export async function withdrawMasterKey(em: Sql, actor: Actor): Promise<MasterKeyStanding> {
  return em.transactional(async (tx) => {
    const row = await held(tx);
    if (row.next_master_key_id !== null) {
      await rows(
        tx,
      )`update installations set next_sealed_root = null, next_master_key_id = null, next_offered_at = null`;
      await tell(tx, 'platform.master_key_withdrawn', { next: row.next_master_key_id }, actor);
    }
    return masterKeyStanding(tx);
  });
}

/** A process that still runs with a key that was settled away seals nothing with it that somebody would look for under the new one. */
export async function refuseSupersededKey(em: Sql, given: Buffer): Promise<void> {
  const { current, next } = await masterKeyStanding(em);
  const givenId = masterKeyIdOf(given);
  if (givenId !== current && givenId !== next)
    throw new DomainError(
      'master_key_superseded',
      `This process still runs with the master key ${givenId}; the one in force is ${current}. Restart it with that key.`,
    );
}

const wrongKey = (wanted: string, given: Buffer): DomainError =>
  new DomainError(
    'master_key_wrong',
    `The master key ${wanted} is needed here; the one given is ${masterKeyIdOf(given)}.`,
  );

const tell = (em: Sql, type: string, data: Record<string, unknown>, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: 'platform:master-key', type, tenantId: null, data }, actor);
