import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/** An offboarding as it is kept; times as the driver gives them. */
export interface OffboardingRow {
  runId: string;
  tenantId: string;
  stateBefore: 'active' | 'suspended';
  /** What was open when it began: these are opened again when it is undone. */
  closedResources: string[];
  graceDays: number;
  requestedBy: string | null;
  requestedAt: string;
  graceEndsAt: string | null;
  erasingAt: string | null;
  closedAt: string | null;
  outcome: 'undone' | 'erased' | 'left' | null;
}

/** Of a run; locked until the transaction ends. Throws when the run is no offboarding: its opening wrote the row. */
export async function lockOffboarding(em: Sql, runId: string): Promise<OffboardingRow> {
  const [row] = await rows<OffboardingRow>(em)`
    select run_id as "runId", tenant_id as "tenantId", state_before as "stateBefore", closed_resources as "closedResources",
           grace_days as "graceDays", requested_by as "requestedBy", requested_at as "requestedAt", grace_ends_at as "graceEndsAt",
           erasing_at as "erasingAt", closed_at as "closedAt", outcome
    from offboardings where run_id = ${runId} for update`;
  if (!row) throw new Error(`run ${runId} is no offboarding`);
  return row;
}

/** Refuses with `not_found`. */
export async function refuseUnknownTenant(em: Sql, tenantId: string): Promise<void> {
  const found = await rows(em)`select 1 from tenants where id = ${tenantId}`;
  if (found.length === 0) throw new DomainError('not_found', 'There is no such tenant.');
}

/** The run of the offboarding that is under way; null when there is none. */
export async function openOffboardingOf(em: Sql, tenantId: string): Promise<string | null> {
  const [row] = await rows<{ run_id: string }>(em)`
    select o.run_id from offboardings o join runs r on r.id = o.run_id
    where o.tenant_id = ${tenantId} and o.closed_at is null
      and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`;
  return row?.run_id ?? null;
}

/** Refuses with `offboarding_open`: what has been promised to the tenant is taken back before it is removed at once. */
export async function refuseWhileOffboarding(em: Sql, tenantId: string): Promise<void> {
  const runId = await openOffboardingOf(em, tenantId);
  if (runId)
    throw new DomainError('offboarding_open', 'The tenant is being offboarded. Undo that first, or wait for its end.', {
      extra: { runId },
    });
}
