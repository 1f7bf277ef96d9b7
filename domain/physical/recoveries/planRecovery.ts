import { DomainError } from '#contracts/errors.ts';
import { leftOutOfRecoveries, type MomentQuestion, type RecoveryPlan } from '#contracts/recovery/recoveries.ts';
import { restoreWayBackDays } from '#contracts/backups/restores.ts';
import type { Configuration } from '../../configuration.ts';
import type { Sql } from '../../database.ts';
import { refuseWhileOffboarding } from '../../offboarding/offboardingRow.ts';
import { rows } from '../../sql.ts';
import { reachOf, windowFor } from '../reach.ts';
import { refuseBeforeItsTime, stepsOf } from './openRecovery.ts';

/**
 * What bringing a tenant back to a moment would do, as far as the registry knows; writes nothing. What would refuse it now is told as problems. Refuses
 * with `not_found`.
 */
export async function planRecovery(
  em: Sql,
  configuration: Pick<Configuration, 'physical'>,
  tenantId: string,
  { at: asked, mode }: MomentQuestion,
): Promise<RecoveryPlan> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId}`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  const at = new Date(asked);
  const problems: RecoveryPlan['problems'] = [];
  const note = async <Result>(work: () => Promise<Result> | Result): Promise<Result | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      problems.push({ code: error.code, text: error.publicMessage });
      return null;
    }
  };
  const reach = await reachOf(em, configuration);
  const window = await note(() => windowFor(reach, at));
  if (window) await note(() => refuseBeforeItsTime(em, tenantId, at));
  if (tenant.state !== 'active' && tenant.state !== 'suspended')
    problems.push({
      code: 'tenant_not_active',
      text: `The tenant is ${tenant.state}: only one that is active or suspended is brought back.`,
    });
  if (mode === 'in_place') await note(() => refuseWhileOffboarding(em, tenantId));
  const [open] = await rows(em)`
    select 1 from runs where tenant_id = ${tenantId} and kind = 'recoverTenant'
      and state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  if (open) problems.push({ code: 'run_in_progress', text: 'The tenant is being brought back already.' });
  return {
    ...{ at: at.toISOString(), mode, base: window && (await baseOf(em, window.baseId)) },
    ...{ leftOut: [...leftOutOfRecoveries], lostSince: at.toISOString() },
    steps: [
      ...stepsOf(mode).map(({ title }) => ({ title, closes: false })),
      ...(mode === 'in_place'
        ? [{ title: 'Restore it in place: what is there now is backed up before it is replaced', closes: true }]
        : []),
      ...(mode === 'beside'
        ? [{ title: 'Restore it beside: the new tenant is checked before anybody can reach it', closes: false }]
        : []),
    ],
    wayBackDays: mode === 'in_place' ? restoreWayBackDays : null,
    problems,
  };
}

async function baseOf(em: Sql, id: string): Promise<RecoveryPlan['base']> {
  const [base] = await rows<{ at: string; bytes: string }>(em)`
    select reaches_from as at, coalesce(bytes, 0)::text as bytes from server_backups where id = ${id}`;
  return base ? { id, at: new Date(base.at).toISOString(), bytes: Number(base.bytes) } : null;
}
