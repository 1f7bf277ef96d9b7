import type { Target } from '#contracts/permissions.ts';
import { RunStarted } from '#contracts/runs.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import type { Sql } from '#domain/database.ts';
import { openReverse } from '#domain/runs/reverse.ts';
import { rows } from '#domain/sql.ts';
import { defineRoute, RunParams } from '../../route.ts';

/** Besides seeing the run, who asks needs what doing it the first time needs. */
export const reverseRun = defineRoute({
  method: 'post',
  path: '/api/v1/runs/{runId}/reverse',
  summary: 'Take back what a run did, by another run, while the way back is offered',
  permission: 'runs:retry',
  scope: 'run',
  stepUp: true,
  params: RunParams,
  idempotent: true,
  success: { status: 202, body: RunStarted },
  errors: [
    'not_found',
    'forbidden',
    'run_not_reversible',
    'slug_taken',
    'tenant_erased',
    'tenant_not_active',
    'run_in_progress',
    'ownership_same',
    'offboarding_open',
    'backup_not_found',
    'backup_damaged',
  ],
  async handle({ params: { runId }, actor, demand }, { once, em, platform, workflows }) {
    const target = await findTargetOf(em, runId);
    if (target.tenantId) await platform.tenantKeys.find(target.tenantId); // inside the transaction it would want a second connection
    const started = await once((tx) =>
      openReverse(tx, platform, runId, (needed) => demand(needed, target, 'run'), actor),
    );
    await workflows.start(started.runId);
    return started;
  },
});

async function findTargetOf(em: Sql, runId: string): Promise<Target> {
  const [run] = await rows<{ tenant_id: string | null }>(em)`select tenant_id from runs where id = ${runId}`;
  return (run?.tenant_id && (await findTenantTarget(em, run.tenant_id))) || {};
}
