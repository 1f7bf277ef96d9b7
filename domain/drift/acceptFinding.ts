import type { Acceptance, RepairKind } from '#contracts/findings/drift.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { settleDriftTask } from './openFindings.ts';

export interface LockedFinding {
  id: string;
  tenantId: string;
  resourceId: string;
  provider: string;
  what: string;
  repair: RepairKind;
  seenBy: string;
}

/** Refuses with `not_found`, and with `finding_closed` when the difference is not there any more. */
export async function lockFinding(em: Sql, findingId: string): Promise<LockedFinding> {
  const [finding] = await rows<LockedFinding & { state: string }>(em)`
    select f.id, f.tenant_id as "tenantId", f.resource_id as "resourceId", r.provider, f.what, f.repair, f.seen_by as "seenBy", f.state
    from drift_findings f join resources r on r.id = f.resource_id where f.id = ${findingId} for update of f`;
  if (!finding) throw new DomainError('not_found', 'There is no such finding.');
  if (finding.state === 'gone' || finding.state === 'repaired')
    throw new DomainError('finding_closed', 'This difference is not there any more.');
  return finding;
}

/** Lets a difference be until a day: it is shown as accepted, and opens again after it. */
export async function acceptFinding(em: Sql, findingId: string, acceptance: Acceptance, actor: Actor): Promise<void> {
  const finding = await lockFinding(em, findingId);
  await rows(em)`
    update drift_findings set state = 'accepted', accepted_reason = ${acceptance.reason}, accepted_until = ${acceptance.until},
      accepted_by = ${actor.userId}
    where id = ${findingId}`;
  await appendEvent(
    em,
    {
      stream: `finding:${findingId}`,
      type: 'drift.accepted',
      tenantId: finding.tenantId,
      data: { until: acceptance.until },
    },
    actor,
  );
  await settleDriftTask(em, finding.seenBy, actor);
}
