import { v7 as newId } from 'uuid';
import { arrivalDays, fingerprintOf, type Arrival } from '#contracts/backups/arrivals.ts';
import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState } from '#contracts/runStates.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { isoOf } from '../../isoOf.ts';
import { seal } from '../../secrets/keyring.ts';
import { executeOn, rows } from '../../sql.ts';
import { newRequestKey } from './handOver.ts';

const shown = 50;

export interface ArrivalRow {
  id: string;
  publicKey: string;
  /** Sealed; null once nothing can be opened by it any more. */
  sealedPrivate: Buffer | null;
  createdAt: string;
  expiresAt: string;
  withdrawnAt: string | null;
  isExpired: boolean;
  originInstallation: string | null;
  originTenant: string | null;
  backupId: string | null;
  keyId: string | null;
  sealedKey: Buffer | null;
  signers: { kid: string; x: string }[] | null;
  tenantId: string | null;
  runId: string | null;
  runState: RunState | null;
}

export const privateContextOf = (arrivalId: string): string => `arrival/${arrivalId}`;
export const keyContextOf = (arrivalId: string): string => `arrival/${arrivalId}/key`;

const columns = `a.id, a.public_key as "publicKey", a.sealed_private as "sealedPrivate", a.created_at as "createdAt", a.expires_at as "expiresAt",
  a.withdrawn_at as "withdrawnAt", a.expires_at <= now() as "isExpired", a.origin_installation as "originInstallation",
  a.origin_tenant as "originTenant", a.backup_id as "backupId", a.key_id as "keyId", a.sealed_key as "sealedKey", a.signers,
  a.tenant_id as "tenantId", a.run_id as "runId", r.state as "runState"`;

const read = async (em: Sql, which: string, values: unknown[]): Promise<ArrivalRow[]> =>
  (await executeOn(em)(
    `select ${columns} from arrivals a left join runs r on r.id = a.run_id ${which}`,
    values,
  )) as unknown as ArrivalRow[];

/** Asks for a tenant of another installation: makes a key that only this request has. */
export async function askForTenant(em: Sql, installation: Installation, actor: Actor): Promise<Arrival> {
  const id = newId();
  const { publicKey, privateKey } = newRequestKey();
  const sealed = seal(installation.keyring.platformKey, privateKey, privateContextOf(id));
  await rows(em)`
    insert into arrivals (id, public_key, sealed_private, expires_at)
    values (${id}, ${publicKey}, ${sealed}, now() + make_interval(days => ${arrivalDays}))`;
  await appendEvent(em, { stream: `arrival:${id}`, type: 'arrival.asked', tenantId: null }, actor);
  return viewArrival(await arrivalOf(em, id), installation.id);
}

/** Refuses with `not_found`. Held until the end of the transaction, where there is one. */
export async function arrivalOf(em: Sql, id: string, { hold = false } = {}): Promise<ArrivalRow> {
  if (hold) await rows(em)`select 1 from arrivals where id = ${id} for update`;
  const [row] = await read(em, 'where a.id = $1', [id]);
  if (!row) throw new DomainError('not_found', 'There is no such request for a tenant.');
  return row;
}

export async function listArrivals(em: Sql, installation: Pick<Installation, 'id'>): Promise<Arrival[]> {
  const found = await read(em, 'order by a.created_at desc limit $1', [shown]);
  return Promise.all(found.map((row) => viewArrival(row, installation.id)));
}

export async function viewArrival(row: ArrivalRow, installationId: string): Promise<Arrival> {
  const { id, publicKey, runId, tenantId, backupId } = row;
  return {
    ...{ id, state: stateOf(row), fingerprint: await fingerprintOf(publicKey), createdAt: isoOf(row.createdAt) },
    request: {
      ...{ v: 1, kind: 'arrival-request', installation: installationId, arrival: id, publicKey },
      until: isoOf(row.expiresAt),
    },
    ...{ from: row.originInstallation, backupId, tenantId, runId },
  };
}

export function stateOf({ withdrawnAt, runState, isExpired }: ArrivalRow): Arrival['state'] {
  if (runState === 'succeeded') return 'brought';
  if (runState && !runIsOver(runState)) return 'bringing';
  if (withdrawnAt) return 'withdrawn';
  return isExpired ? 'expired' : 'asked';
}

/** What was handed over for it cannot be opened any more. Refuses with `not_found`, `arrival_over`. */
export async function withdrawArrival(em: Sql, id: string, actor: Actor): Promise<void> {
  refuseOver(await arrivalOf(em, id, { hold: true }));
  await rows(em)`
    update arrivals set withdrawn_at = now(), sealed_private = null, sealed_key = null where id = ${id}`;
  await appendEvent(em, { stream: `arrival:${id}`, type: 'arrival.withdrawn', tenantId: null }, actor);
}

/** A run that was rolled back may be tried again with the same hand-over. */
export function refuseOver(row: ArrivalRow): asserts row is ArrivalRow & { sealedPrivate: Buffer } {
  const state = stateOf(row);
  if (state === 'asked' && row.sealedPrivate) return;
  throw new DomainError('arrival_over', words[state], row.runId ? { extra: { runId: row.runId } } : {});
}

const words: Record<Arrival['state'], string> = {
  asked: 'This request has lost its key: make another one.',
  bringing: 'The tenant is being brought already.',
  brought: 'The tenant of this request was brought already.',
  withdrawn: 'This request was withdrawn: make another one.',
  expired: 'This request is too old: make another one.',
};

/** Keys that nothing is opened with any more go: theirs who came, whose time is over, or who was never to come. */
export async function forgetArrivals(em: Sql): Promise<number> {
  const gone = await rows(em)`
    update arrivals a set sealed_private = null, sealed_key = null
    where (sealed_private is not null or sealed_key is not null) and (
      exists (select 1 from runs r where r.id = a.run_id and r.state = 'succeeded')
      or (a.expires_at <= now() and not exists (
        select 1 from runs r where r.id = a.run_id and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention'))))
    returning 1`;
  return gone.length;
}
