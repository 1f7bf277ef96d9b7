import type { BackupPolicy, BackupPolicyChange } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { json, registryTime, rows } from '../../sql.ts';
import { lockPolicy } from './policyRow.ts';
import { viewPolicy } from './viewPolicies.ts';
import { nextWindow } from './windows.ts';

/**
 * From now on the plan promises this; a window that is open goes on as it began. Refuses with `not_found`, and with `plan_moved` when the policy is
 * not of the version that the caller believes.
 */
export async function changePolicy(
  em: Sql,
  plan: string,
  { rules, expectedVersion }: BackupPolicyChange,
  actor: Actor,
): Promise<BackupPolicy> {
  const row = await lockPolicy(em, plan);
  if (row.version !== expectedVersion)
    throw new DomainError('plan_moved', `The backup policy of "${plan}" was changed meanwhile.`, {
      fields: [{ path: 'expectedVersion', message: `is not the policy's version (${row.version})` }],
    });
  const nextAt = rules.enabled && row.paused_at === null ? nextWindow(rules, await now(em)).toISOString() : null;
  await rows(em)`
    update backup_policies set rules = ${json(rules)}::jsonb, version = version + 1, next_at = ${nextAt}::timestamptz, updated_at = now()
    where plan = ${plan}`;
  // Another promise is kept by other backups: what stays of each tenant is looked at again.
  await rows(
    em,
  )`update tenant_backups set looked_at = null where tenant_id in (select id from tenants where plan = ${plan})`;
  await tell(em, plan, 'changed', { from: row.rules, to: rules }, actor);
  return viewPolicy(em, plan);
}

/** No window of the plan opens until it is resumed; one that is open goes on. Pausing again tells another reason. Refuses with `not_found`. */
export async function pausePolicy(em: Sql, plan: string, reason: string, actor: Actor): Promise<BackupPolicy> {
  await lockPolicy(em, plan);
  await rows(em)`
    update backup_policies set paused_at = coalesce(paused_at, now()), paused_by = ${actor.userId}, pause_reason = ${reason}, next_at = null
    where plan = ${plan}`;
  await tell(em, plan, 'paused', {}, actor);
  return viewPolicy(em, plan);
}

/** Windows open again, from the next one on. Refuses with `not_found`. */
export async function resumePolicy(em: Sql, plan: string, actor: Actor): Promise<BackupPolicy> {
  const { rules, paused_at: pausedAt } = await lockPolicy(em, plan);
  if (pausedAt !== null) {
    const nextAt = rules.enabled ? nextWindow(rules, await now(em)).toISOString() : null;
    await rows(em)`
      update backup_policies set paused_at = null, paused_by = null, pause_reason = null, next_at = ${nextAt}::timestamptz
      where plan = ${plan}`;
    await tell(em, plan, 'resumed', {}, actor);
  }
  return viewPolicy(em, plan);
}

const now = async (em: Sql): Promise<Date> => new Date(await registryTime(em));

const tell = (em: Sql, plan: string, what: string, data: Record<string, unknown>, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `plan:${plan}`, type: `plan.backups_${what}`, tenantId: null, data }, actor);
