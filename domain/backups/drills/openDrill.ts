import { v7 as newId } from 'uuid';
import type { DrillCause, NewDrill } from '#contracts/backups/drills.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { addSteps, openRun, type NewStep } from '../../runs/openRun.ts';
import { rows } from '../../sql.ts';
import { rulesOf } from '../policies/policyRow.ts';

export interface OpenedDrill {
  drillId: string;
  runId: string;
}

/**
 * Opens the run that restores a backup into a throw-away database, in the caller's transaction; the caller starts it after the commit. Of one tenant
 * one drill is open at a time. It does not hold the tenant: nothing of it is touched.
 *
 * Refuses with `not_found`, `tenant_erased`, `backup_not_found`, `run_in_progress`.
 */
export async function openDrill(
  em: Sql,
  tenantId: string,
  { backupId, cause = 'asked', parentRunId }: NewDrill & { cause?: DrillCause; parentRunId?: string },
  actor: Actor,
): Promise<OpenedDrill> {
  const [tenant] = await rows<{ state: string; plan: string }>(em)`
    select state, plan from tenants where id = ${tenantId} for share`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  const [backup] = await rows<{ id: string; at: string }>(em)`
    select id, at from backups
    where tenant_id = ${tenantId} and state = 'kept' and (${backupId ?? null}::uuid is null or id = ${backupId ?? null}::uuid)
    order by at desc limit 1`;
  if (!backup)
    throw new DomainError(
      'backup_not_found',
      backupId ? 'This tenant has no such backup, or it is not kept any more.' : 'This tenant has no backup yet.',
    );
  const { rpoMinutes, rtoMinutes } = await rulesOf(em, tenant.plan);
  const [drillId, runId] = [newId(), newId()];
  // Whoever asks for one waits for it; those by the clock and those of many tenants are in nobody's way.
  const queue = cause === 'schedule' || parentRunId ? 'bulk' : 'interactive';
  await openRun(
    em,
    {
      ...{ id: runId, kind: 'drillTenant', tenantId, exclusive: false, cancellable: true, queue },
      ...(parentRunId === undefined ? {} : { parentRunId }),
    },
    actor,
  );
  await addSteps(em, runId, steps);
  const opened = await rows(em)`
    insert into backup_drills (id, tenant_id, run_id, backup_id, cause, backup_at, rpo_target_seconds, rto_target_ms)
    values (${drillId}, ${tenantId}, ${runId}, ${backup.id}, ${cause}, ${backup.at}, ${rpoMinutes * 60}, ${rtoMinutes * 60_000})
    on conflict (tenant_id) where state = 'running' do nothing returning 1`;
  if (opened.length === 0)
    throw new DomainError('run_in_progress', 'A backup of this tenant is being proven already. Wait for its end.', {
      extra: { runId: await runningDrill(em, tenantId) },
    });
  await appendEvent(
    em,
    {
      stream: `tenant:${tenantId}`,
      type: 'drill.started',
      tenantId,
      data: { drillId, runId, backupId: backup.id, cause },
    },
    actor,
  );
  return { drillId, runId };
}

async function runningDrill(em: Sql, tenantId: string): Promise<string | undefined> {
  const [drill] = await rows<{ run_id: string }>(em)`
    select run_id from backup_drills where tenant_id = ${tenantId} and state = 'running'`;
  return drill?.run_id;
}

const steps: NewStep[] = [
  {
    title: 'Restore into a throw-away database',
    kind: 'resource',
    provider: 'drill',
    act: 'drill.ensure',
    undo: 'drill.destroy',
  },
  { title: 'Prove what came back', kind: 'check', provider: 'drill', act: 'drill.check', undo: null },
  { title: 'Remove the throw-away database', kind: 'check', provider: 'drill', act: 'drill.destroy', undo: null },
];
