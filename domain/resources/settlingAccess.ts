import { DomainError } from '#contracts/errors.ts';
import { runIsOver, type RunState, type StepState } from '#contracts/runStates.ts';
import type { StepInput } from '#contracts/workflowInputs.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { ResourceFacts } from './resourceStates.ts';

/**
 * Writes who may use a resource from now on, before a provider makes it so. Refuses (`run_over`) an attempt that was overtaken: its run
 * has ended or was started anew, or its undo has begun. The run's row is held meanwhile, so that none of these can begin in between.
 * Refuses with `resource_fenced` once the removal has begun.
 */
export async function beginSettlingAccess(
  em: Sql,
  resourceId: string,
  { runId, tenantId, epoch, stepId, intent }: StepInput,
  access: ResourceFacts['access'],
): Promise<ResourceFacts> {
  return em.transactional(async (tx) => {
    const [run] = await rows<{ state: RunState; epoch: number; step: StepState }>(tx)`
      select r.state, r.epoch, s.state as step from runs r join run_steps s on s.run_id = r.id and s.id = ${stepId}
      where r.id = ${runId} for share of r`;
    const doing: StepState = intent === 'act' ? 'running' : 'undoing';
    if (!run || runIsOver(run.state) || run.epoch !== epoch || run.step !== doing)
      throw new DomainError('run_over', 'This step has moved on; a late attempt must not act.');
    const [facts] = await rows<ResourceFacts>(tx)`
      update resources r set access = ${access}, run_id = ${runId}, epoch = ${epoch}, updated_at = now()
      from tenants t
      where r.id = ${resourceId} and t.id = r.tenant_id and r.tenant_id = ${tenantId} and r.state = 'present'
      returning r.provider, t.region, r.access`;
    if (!facts) throw new DomainError('resource_fenced', 'The removal of this resource has begun.');
    return facts;
  });
}
