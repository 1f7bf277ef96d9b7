import { createHash } from 'node:crypto';
import { DomainError, type ErrorCode, type FieldError } from '#contracts/errors.ts';
import type { Sql } from '#domain/database.ts';
import { inOrder } from '#domain/inOrder.ts';
import { json, rows } from '#domain/sql.ts';
import { statuses } from './problems.ts';

const keptHours = 24;
const keyShape = /^[\x21-\x7e]{1,255}$/;

export interface IdempotencyKey {
  actorId: string;
  /** `<method> <path pattern>` */
  route: string;
  key: string;
  requestHash: Buffer;
}

/** The request's key, checked; null when it has none. Two bodies that mean the same have the same hash. */
export function idempotencyKey(
  header: string | undefined,
  of: { actorId: string; route: string; input: unknown },
): IdempotencyKey | null {
  if (header === undefined) return null;
  if (!keyShape.test(header))
    throw new DomainError('invalid_request', 'The Idempotency-Key must be 1–255 printable ASCII characters.', {
      fields: [{ path: 'Idempotency-Key', message: 'must be 1–255 printable ASCII characters without spaces' }],
    });
  const requestHash = createHash('sha256')
    .update(json(inOrder(of.input)))
    .digest();
  return { actorId: of.actorId, route: of.route, key: header, requestHash };
}

interface Kept {
  request_hash: Buffer;
  status: number;
  body: unknown;
}

interface KeptRefusal {
  code: ErrorCode;
  message: string;
  fields: FieldError[];
  extra: Record<string, unknown>;
}

/**
 * Carries out `work` in one transaction together with the record of its answer, so that neither can be without the other: a process
 * that dies in the middle leaves nothing, and nothing stays in flight. Refusals are answers too and are kept; outages are not.
 * Refuses with `idempotency_key_reused`, `idempotency_in_flight`.
 */
export async function carryOutOnce<Result>(
  em: Sql,
  id: IdempotencyKey,
  status: number,
  work: (em: Sql) => Promise<Result>,
): Promise<Result> {
  const outcome = await em.transactional(async (tx) => {
    const [lock] = await rows<{ ours: boolean }>(tx)`
      select pg_try_advisory_xact_lock(hashtextextended(${`${id.actorId} ${id.route} ${id.key}`}, 0)) as ours`;
    if (!lock?.ours)
      throw new DomainError('idempotency_in_flight', 'The first request with this key is still being carried out.');
    const kept = await findKept(tx, id);
    if (kept) return answerOf<Result>(kept, id);
    try {
      // A nested transaction is a savepoint: what a refused attempt wrote goes, the record of its refusal stays.
      const result = await tx.transactional(work);
      await keep(tx, id, status, result);
      return { result };
    } catch (error) {
      if (!(error instanceof DomainError) || statuses[error.code] >= 500) throw error;
      const { code, publicMessage: message, fields, extra } = error;
      await keep(tx, id, statuses[code], { code, message, fields, extra } satisfies KeptRefusal);
      return { refusal: error };
    }
  });
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.result;
}

async function findKept(em: Sql, id: IdempotencyKey): Promise<Kept | null> {
  const [kept] = await rows<Kept & { expired: boolean }>(em)`
    select request_hash, status, body, created_at < now() - make_interval(hours => ${keptHours}::int) as expired
    from idempotency_keys where actor_id = ${id.actorId} and route = ${id.route} and key = ${id.key}`;
  if (!kept?.expired) return kept ?? null;
  await rows(em)`
    delete from idempotency_keys where actor_id = ${id.actorId} and route = ${id.route} and key = ${id.key}`;
  return null;
}

function answerOf<Result>(kept: Kept, id: IdempotencyKey): { result: Result } | { refusal: DomainError } {
  if (!kept.request_hash.equals(id.requestHash))
    throw new DomainError('idempotency_key_reused', 'This key was used for another request within the last day.');
  if (kept.status < 400) return { result: kept.body as Result };
  const { code, message, fields, extra } = kept.body as KeptRefusal;
  return { refusal: new DomainError(code, message, { fields, extra }) };
}

async function keep(em: Sql, id: IdempotencyKey, status: number, body: unknown): Promise<void> {
  await rows(em)`
    insert into idempotency_keys (actor_id, route, key, request_hash, status, body)
    values (${id.actorId}, ${id.route}, ${id.key}, ${id.requestHash}, ${status}, ${json(body)}::jsonb)`;
}
