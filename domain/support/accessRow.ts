import type { SupportEnding, SupportKind, SupportState } from '#contracts/support/supportAccess.ts';
import { DomainError } from '#contracts/errors.ts';
import { bumpAccessEpoch } from '../access/epoch.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

export interface AccessRow {
  id: string;
  tenant_id: string;
  person_id: string;
  kind: SupportKind;
  /** As it is now: what time has ended is over before anybody has written so. */
  state: SupportState;
  minutes: number;
  sealed_acting_as: Buffer | null;
}

/** Whom of the tenant somebody acts as, as events name them: no name and no address. */
export const onBehalfOfAdministrator = (tenantId: string): string => `tenant:${tenantId}/administrator`;

/** The row, held until the end of the transaction. Refuses with `not_found`. */
export async function lockAccess(em: Sql, which: { id: string } | { tokenHash: Buffer }): Promise<AccessRow> {
  const { id, tokenHash } = { id: null, tokenHash: null, ...which };
  const [row] = await rows<AccessRow>(em)`
    select id, tenant_id, person_id, kind, minutes, sealed_acting_as,
           case when state = 'asked' and answer_until <= now() then 'expired'
                when state = 'running' and ends_at <= now() then 'ended' else state end as state
    from support_accesses where id = ${id}::uuid or token_hash = ${tokenHash}::bytea for update`;
  if (!row) throw new DomainError('not_found', 'There is no such support access.');
  return row;
}

/** In the transaction of the change, by who holds the row. */
export const tellOfAccess = (
  em: Sql,
  { id, tenant_id: tenantId, kind, person_id: personId }: Pick<AccessRow, 'id' | 'tenant_id' | 'kind' | 'person_id'>,
  type: string,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> =>
  appendEvent(
    em,
    {
      stream: `support:${id}`,
      type: `support.${type}`,
      tenantId,
      data: { kind, personId, ...data },
      target: { kind: 'tenant', id: tenantId },
    },
    actor,
  );

/** From then on nobody acts by it: sessions forget it, on every process within a second. Returns the epoch to announce. */
export async function endAccess(em: Sql, row: AccessRow, endedBy: SupportEnding, actor: Actor): Promise<number> {
  await rows(em)`
    update support_accesses set state = 'ended', ended_at = now(), ended_by = ${endedBy} where id = ${row.id}`;
  await rows(em)`update sessions set support_access_id = null where support_access_id = ${row.id}`;
  await tellOfAccess(em, row, 'ended', actor, { endedBy });
  return bumpAccessEpoch(em);
}
