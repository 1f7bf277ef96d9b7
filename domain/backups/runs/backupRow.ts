import { createHash } from 'node:crypto';
import type { BackupCause, BackupState } from '#contracts/backups/backups.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';

export interface BackupRow {
  id: string;
  tenant_id: string;
  run_id: string;
  cause: BackupCause;
  state: BackupState;
  at: string | null;
  locked_until: string | null;
  verified_as: 'good' | 'bad' | null;
}

/** The row of a backup, held until the end of the transaction. Refuses with `not_found`. */
export async function lockBackup(em: Sql, tenantId: string, backupId: string): Promise<BackupRow> {
  const [row] = await rows<BackupRow>(em)`
    select id, tenant_id, run_id, cause, state, at, locked_until, verified_as from backups
    where id = ${backupId} and tenant_id = ${tenantId} for update`;
  if (!row) throw new DomainError('not_found', 'There is no such backup of this tenant.');
  return row;
}

/** The backup that a run is writing; null when it writes none. */
export async function writtenBy(em: Sql, runId: string): Promise<BackupRow | null> {
  const [row] = await rows<BackupRow>(em)`
    select id, tenant_id, run_id, cause, state, at, locked_until, verified_as from backups
    where run_id = ${runId} and state in ('writing', 'kept') for update`;
  return row ?? null;
}

/** What could be restored of a tenant: its newest backup that is not known to be broken. Those of a past moment lack its objects. */
export async function settleNewest(em: Sql, tenantId: string): Promise<void> {
  await rows(em)`
    insert into tenant_backups (tenant_id) values (${tenantId}) on conflict do nothing`;
  await rows(em)`
    update tenant_backups set (last_id, last_at) = (
      select id, at from backups
      where tenant_id = ${tenantId} and state = 'kept' and verified_as is distinct from 'bad' and cause <> 'point_in_time'
      order by at desc, id desc limit 1)
    where tenant_id = ${tenantId}`;
}

export const tellOfBackup = (
  em: Sql,
  { id, tenant_id: tenantId }: Pick<BackupRow, 'id' | 'tenant_id'>,
  event: { type: `backup.${string}`; data?: Record<string, unknown>; code?: string },
  actor: Actor,
): Promise<void> =>
  appendEvent(
    em,
    {
      stream: `backup:${id}`,
      tenantId,
      data: {},
      ...event,
      ...(event.code === undefined ? {} : { outcome: 'failed' as const }),
    },
    actor,
  );

/** What runs and tasks about a plan are known by: names of plans are no ids. */
export function subjectOfPlan(plan: string): string {
  const hex = createHash('sha256').update(`backups of ${plan}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
