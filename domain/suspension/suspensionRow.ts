import type { SuspensionState } from '#contracts/life/suspension.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** The one suspension of a tenant that is planned or has begun. */
export interface OpenSuspension {
  id: string;
  tenantId: string;
  state: Extract<SuspensionState, 'planned' | 'effective'>;
  startsAt: string;
  endsAt: string | null;
  notice: string | null;
  closedResources: string[];
}

/** Held until the end of the transaction; null when the tenant has none. */
export async function lockOpenSuspension(em: Sql, tenantId: string): Promise<OpenSuspension | null> {
  const [found] = await rows<OpenSuspension>(em)`
    select id, tenant_id as "tenantId", state, starts_at as "startsAt", ends_at as "endsAt", notice,
           closed_resources as "closedResources"
    from suspensions where tenant_id = ${tenantId} and state in ('planned', 'effective') for update`;
  return found ?? null;
}

/** By which the reason is sealed: with the tenant's key, because it may name its people. */
export const reasonContext = (suspensionId: string): string => `suspension/${suspensionId}/reason`;

/** In the transaction of the change. Why, and what the tenant is told, stays in the row. */
export const tellOfSuspension = (
  em: Sql,
  { id, tenantId }: { id: string; tenantId: string },
  what: 'planned' | 'changed' | 'withdrawn' | 'missed' | 'begun' | 'failed' | 'ended',
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> =>
  appendEvent(
    em,
    {
      stream: `tenant:${tenantId}`,
      type: `tenant.suspension_${what}`,
      tenantId,
      data: { suspensionId: id, ...data },
    },
    actor,
  );
