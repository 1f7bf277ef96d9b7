import type { DangerousAct } from '#contracts/approvals/acts.ts';
import type { ApprovalState } from '#contracts/approvals/approvals.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

export interface ApprovalRow {
  id: string;
  act: DangerousAct;
  operation: string;
  request_hash: Buffer;
  tenant_id: string | null;
  requester_id: string;
  required: number;
  state: ApprovalState;
  is_over: boolean;
  use_id: string | null;
  used_with: string | null;
  used_lately: boolean;
}

/** While this process repeats a request under the same idempotency key, its approval need not be given again. */
const repeatedWithinMinutes = 60;

/** The row, held until the end of the transaction: whoever wants to change it too waits and then sees what became of it. */
export async function lockApproval(em: Sql, id: string): Promise<ApprovalRow> {
  const [row] = await rows<ApprovalRow>(em)`
    select id, act, operation, request_hash, tenant_id, requester_id, required, state, use_id, used_with,
           state in ('pending', 'approved') and expires_at <= now() as is_over,
           closed_at > now() - make_interval(mins => ${repeatedWithinMinutes}::int) as used_lately
    from approvals where id = ${id} for update`;
  if (!row) throw unknownApproval();
  return row;
}

export const unknownApproval = (): DomainError => new DomainError('not_found', 'There is no such request.');

/** Refuses (`approval_over`) what nothing can be done about any more. */
export function refuseOver({ state, is_over: isOver }: ApprovalRow): void {
  if (isOver) throw new DomainError('approval_over', 'The request has expired. Ask again.');
  if (state !== 'pending' && state !== 'approved') throw new DomainError('approval_over', endings[state]);
}

const endings = {
  used: 'What was approved has been done already.',
  refused: 'The request was refused.',
  withdrawn: 'The request was withdrawn.',
  expired: 'The request has expired. Ask again.',
};

/** In the transaction of the change, by who holds the row. */
export async function moveApproval(
  em: Sql,
  row: Pick<ApprovalRow, 'id' | 'act' | 'tenant_id'>,
  to: ApprovalState,
  type: string,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> {
  const isOpen = to === 'pending' || to === 'approved';
  await rows(em)`
    update approvals set state = ${to}, closed_at = case when ${isOpen}::boolean then null else now() end where id = ${row.id}`;
  await appendEvent(
    em,
    {
      stream: `approval:${row.id}`,
      type: `approval.${type}`,
      tenantId: row.tenant_id,
      data: { act: row.act, ...data },
    },
    actor,
  );
}
