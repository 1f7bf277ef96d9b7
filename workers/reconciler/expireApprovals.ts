import { expireApprovals as expire } from '#domain/approvals/expireApprovals.ts';
import { countApproval } from '#observability/metrics.ts';
import type { Reconciled } from './reconciled.ts';

/** Who waits for an approval that nobody gave is told so, also when nobody looks. */
export async function expireApprovals({ platform }: Reconciled): Promise<void> {
  for (const act of await expire(platform.registry.em.fork())) countApproval(act, 'expired');
}
