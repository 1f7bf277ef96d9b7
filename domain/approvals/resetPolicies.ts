import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { rows } from '../sql.ts';

/** For an installation where nobody is left who could approve, by whoever operates it: from then on nothing needs approval. */
export async function resetPolicies(em: Sql, actor: Actor): Promise<string[]> {
  return em.transactional(async (tx) => {
    await rows(tx)`select pg_advisory_xact_lock(hashtext('tenantry approval policies'))`;
    const removed = await rows<{ act: string; required: number }>(tx)`
      delete from approval_policies returning act, required`;
    if (removed.length > 0)
      await appendEvent(
        tx,
        {
          stream: 'platform:approval-policies',
          type: 'approval.policies_reset',
          tenantId: null,
          data: { before: Object.fromEntries(removed.map(({ act, required }) => [act, required])) },
        },
        actor,
      );
    return removed.filter(({ required }) => required > 0).map(({ act }) => act);
  });
}
