import type { DangerousAct } from '#contracts/approvals/acts.ts';
import type { Sql } from '../database.ts';
import { theSystem } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';
import { moveApproval } from './approvalRow.ts';
import { closeAskedTask } from './askedTask.ts';

const atOnce = 100;

/** Says of what has expired that it has. Nothing depends on it: an expired approval permits nothing before this either. */
export async function expireApprovals(em: Sql): Promise<DangerousAct[]> {
  return em.transactional(async (tx) => {
    const late = await rows<{ id: string; act: DangerousAct; tenant_id: string | null }>(tx)`
      select id, act, tenant_id from approvals
      where state in ('pending', 'approved') and expires_at <= now()
      order by expires_at limit ${atOnce} for update skip locked`;
    for (const row of late) {
      await moveApproval(tx, row, 'expired', 'expired', theSystem);
      await closeAskedTask(tx, row.id, theSystem);
    }
    return late.map(({ act }) => act);
  });
}
