import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { requestCancel } from '../runs/ending/cancelRun.ts';
import { rows } from '../sql.ts';
import { openOffboardingOf, refuseUnknownTenant } from './offboardingRow.ts';

/**
 * Takes an offboarding back, until its erasure begins: everything is what it was before. Delivering it to the workflow comes after the
 * commit. Call inside a transaction. Refuses with `not_found`, `offboarding_not_undoable`.
 */
export async function undoOffboarding(
  em: Sql,
  tenantId: string,
  actor: Actor,
): Promise<{ tenantId: string; slug: string; runId: string; workflowId: string }> {
  await refuseUnknownTenant(em, tenantId);
  const runId = await openOffboardingOf(em, tenantId);
  if (!runId) throw new DomainError('offboarding_not_undoable', 'No offboarding of this tenant is under way.');
  await requestCancel(em, runId, actor).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== 'run_not_cancellable') throw error;
    throw new DomainError('offboarding_not_undoable', 'The erasure has begun; there is no way back.', { cause: error });
  });
  const [run] = await rows<{ workflow_id: string; slug: string | null }>(em)`
    select r.workflow_id, a.slug from runs r
    left join tenant_addresses a on a.tenant_id = r.tenant_id and a.state = 'current' where r.id = ${runId}`;
  return { tenantId, slug: run?.slug ?? '', runId, workflowId: run?.workflow_id ?? '' };
}
