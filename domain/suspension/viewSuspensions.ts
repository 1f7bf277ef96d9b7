import type { Suspension, TenantSuspensions } from '#contracts/life/suspension.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { isoOf } from '../isoOf.ts';
import type { TenantKeys } from '../secrets/tenantKeys.ts';
import { rows } from '../sql.ts';
import { refuseUnknown } from '../tenants/refuseUnknown.ts';
import { reasonContext } from './suspensionRow.ts';

const shown = 20;

interface Row {
  id: string;
  tenant_id: string;
  state: Suspension['state'];
  starts_at: string;
  ends_at: string | null;
  sealed_reason: Buffer;
  notice: string | null;
  asked_at: string;
  email: string | null;
  began_at: string | null;
  ended_at: string | null;
  why: string | null;
  run_id: string | null;
  resume_run_id: string | null;
}

/** The suspensions of a tenant as people of the platform are told of them. Refuses with `not_found`. */
export async function viewSuspensions(em: Sql, keys: TenantKeys, tenantId: string): Promise<TenantSuspensions> {
  const found = await rows<Row>(em)`
    select s.*, u.email from suspensions s left join users u on u.id = s.asked_by
    where s.tenant_id = ${tenantId} order by s.asked_at desc, s.id desc limit ${shown}`;
  if (found.length === 0) await refuseUnknown(em, tenantId);
  const isReadable = (await keys.find(tenantId)) !== null;
  const all = await Promise.all(found.map((row) => view(keys, row, isReadable)));
  const isOpen = ({ state }: Suspension) => state === 'planned' || state === 'effective';
  return { current: all.find(isOpen) ?? null, past: all.filter((one) => !isOpen(one)) };
}

/** One of them. Refuses with `not_found`. */
export async function findSuspension(
  em: Sql,
  keys: TenantKeys,
  { tenantId, suspensionId }: { tenantId: string; suspensionId: string },
): Promise<Suspension> {
  const { current, past } = await viewSuspensions(em, keys, tenantId);
  const found = [current, ...past].find((one) => one?.id === suspensionId);
  if (!found) throw new DomainError('not_found', 'There is no such suspension.');
  return found;
}

async function view(keys: TenantKeys, row: Row, isReadable: boolean): Promise<Suspension> {
  const iso = (time: string | null) => (time === null ? null : isoOf(time));
  return {
    id: row.id,
    state: row.state,
    startsAt: isoOf(row.starts_at),
    endsAt: iso(row.ends_at),
    reason: isReadable
      ? await keys.unsealFor(row.tenant_id, Buffer.from(row.sealed_reason), reasonContext(row.id))
      : null,
    notice: row.notice,
    askedAt: isoOf(row.asked_at),
    askedBy: row.email,
    beganAt: iso(row.began_at),
    endedAt: iso(row.ended_at),
    why: row.why,
    runId: row.run_id,
    resumeRunId: row.resume_run_id,
  };
}
