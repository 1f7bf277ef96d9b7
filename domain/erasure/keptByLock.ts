import type { KeptByLock } from '#contracts/offboarding/certificate.ts';
import type { Sql } from '../database.ts';
import { appendEvent, theSystem } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { json, rows } from '../sql.ts';

const againMinutes = 60;

/** Tenants that are erased but for what a lock kept, whose time has come. */
export const findToGoOn = async (em: Sql, now: Date, most: number): Promise<string[]> => {
  const found = await rows<{ id: string }>(em)`
    select tenant_id as id from erasures where look_again_at <= ${now.toISOString()}::timestamptz
    order by look_again_at limit ${most}`;
  return found.map(({ id }) => id);
};

/** Backups of an erased tenant that are still to go: each until its lock ends, as far as that is known. */
export async function backupsThatStay(em: Sql, tenantId: string): Promise<KeptByLock[]> {
  const found = await rows<{ id: string; until: string | null }>(em)`
    select id, case when locked_until > now() then locked_until end as until from backups
    where tenant_id = ${tenantId} and state <> 'removed' order by id`;
  return found.map(({ id, until }) => ({ what: 'backup', id, until: until && isoOf(until) }));
}

/**
 * Writes down what is still there, and when somebody is to look again: when the first lock ends, or in an hour where none says when. Tells once that
 * nothing is left any more.
 */
export async function noteStays(em: Sql, tenantId: string, stays: readonly KeptByLock[]): Promise<void> {
  const [before] = await rows<{ stays: KeptByLock[]; certified: boolean }>(em)`
    select stays, certified_at is not null as certified from erasures where tenant_id = ${tenantId} for update`;
  if (!before) return; // a removal from before there were certificates
  const ends = stays.flatMap(({ until }) => (until === null ? [] : [until])).toSorted();
  const isOpen = stays.some(({ until }) => until === null);
  await rows(em)`
    update erasures set stays = ${json([...stays])}::jsonb, look_again_at = case when ${stays.length === 0} then null else
      greatest(now() + interval '1 minute', least(${ends[0] ?? null}::timestamptz,
        case when ${isOpen} then now() + make_interval(mins => ${againMinutes}::int) end)) end
    where tenant_id = ${tenantId}`;
  if (!before.certified || before.stays.length === 0 || stays.length > 0) return;
  await rows(em)`select 1 from tenants where id = ${tenantId} for update`;
  await appendEvent(em, { stream: `tenant:${tenantId}`, type: 'erasure.completed', tenantId }, theSystem);
}

export async function readStays(em: Sql, tenantId: string): Promise<KeptByLock[]> {
  const [row] = await rows<{ stays: KeptByLock[] }>(em)`select stays from erasures where tenant_id = ${tenantId}`;
  return row?.stays ?? [];
}
