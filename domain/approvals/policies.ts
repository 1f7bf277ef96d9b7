import { dangerousActNames, dangerousActs, type DangerousAct } from '#contracts/approvals/acts.ts';
import type { ApprovalPolicy, ApprovalPolicyChange } from '#contracts/approvals/approvals.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { whoMayDecide } from './whoMayDecide.ts';

export const usualHours = 24;

export interface Policy {
  required: number;
  hours: number;
}

/** What this act needs now; nothing where nobody chose. */
export async function policyOf(em: Sql, act: DangerousAct): Promise<Policy> {
  const [row] = await rows<Policy>(em)`
    select required, lives_hours as hours from approval_policies where act = ${act}`;
  return row ?? { required: 0, hours: usualHours };
}

/**
 * How many must approve this change of a policy: as many as for changing policies, and to ask for fewer of them no fewer than were
 * asked for so far, or else the bar could be taken away before it is jumped.
 */
export async function requiredToChange(em: Sql, act: DangerousAct, change: ApprovalPolicyChange): Promise<number> {
  const [own, present] = [await policyOf(em, 'change_approvals'), await policyOf(em, act)];
  const seen = Math.max(present.required, change.expected);
  const lowers = (change.required ?? seen) < seen;
  return Math.max(own.required, lowers ? seen : 0);
}

export async function listPolicies(em: Sql): Promise<ApprovalPolicy[]> {
  const found = await rows<{
    act: string;
    required: number;
    lives_hours: number;
    changed_at: string;
    changed_by: string | null;
  }>(em)`
    select p.act, p.required, p.lives_hours, p.changed_at, u.email as changed_by
    from approval_policies p left join users u on u.id = p.changed_by and u.tenant_id is null`;
  const byAct = new Map(found.map((row) => [row.act, row]));
  const mostPossible = await mostWhoCanApprove(em);
  return dangerousActNames.map((act) => {
    const row = byAct.get(act);
    const { title, description, recommended } = dangerousActs[act];
    return {
      act,
      title,
      description,
      required: row?.required ?? 0,
      recommended,
      hours: row?.lives_hours ?? usualHours,
      mostPossible,
      changedAt: row ? new Date(row.changed_at).toISOString() : null,
      changedBy: row?.changed_by ?? null,
    };
  });
}

/**
 * Refuses with `approvers_too_few` what nobody could ever fulfil, and with `approval_policy_moved` what was decided on by another number
 * than the present one: the approvals that it needed were counted by it.
 */
export async function changePolicy(
  em: Sql,
  act: DangerousAct,
  change: ApprovalPolicyChange,
  actor: Actor,
): Promise<ApprovalPolicy> {
  await rows(em)`select pg_advisory_xact_lock(hashtext('tenantry approval policies'))`;
  const before = await policyOf(em, act);
  if (before.required !== change.expected)
    throw new DomainError('approval_policy_moved', `${before.required} approvals are asked for by now. Look again.`);
  const { required = before.required, hours = before.hours } = change;
  const possible = await mostWhoCanApprove(em);
  if (required > before.required && required > possible)
    throw new DomainError(
      'approvers_too_few',
      possible === 0
        ? 'Nobody else may approve yet: give a second person a role that permits it first.'
        : `Besides the one who asks, ${possible} may approve; no more than that can be asked for.`,
      { fields: [{ path: 'required', message: `must be at most ${possible}` }] },
    );
  await rows(em)`
    insert into approval_policies (act, required, lives_hours, changed_by)
    values (${act}, ${required}, ${hours}, ${actor.userId})
    on conflict (act) do update set required = excluded.required, lives_hours = excluded.lives_hours,
      changed_by = excluded.changed_by, changed_at = now()`;
  await appendEvent(
    em,
    {
      stream: 'platform:approval-policies',
      type: 'approval.policy_changed',
      tenantId: null,
      data: { act, before, after: { required, hours } },
    },
    actor,
  );
  const changed = (await listPolicies(em)).find((policy) => policy.act === act);
  if (!changed) throw new Error(`no policy is listed for ${act}`);
  return changed;
}

/** Anybody may be the one who asks, and nobody approves what they ask for themselves. */
const mostWhoCanApprove = async (em: Sql): Promise<number> => Math.max(0, (await whoMayDecide(em, null)).size - 1);
