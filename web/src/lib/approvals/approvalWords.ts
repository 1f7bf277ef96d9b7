import { dangerousActs } from '#contracts/approvals/acts.ts';
import type { Approval, ApprovalState } from '#contracts/approvals/approvals.ts';
import type { Word } from '#lib/display/words.ts';

export const approvalStateWords: Record<ApprovalState, Word> = {
  pending: { title: 'Waits for approval', tone: 'busy' },
  approved: { title: 'Approved', tone: 'good' },
  used: { title: 'Done', tone: 'good' },
  refused: { title: 'Refused', tone: 'bad' },
  withdrawn: { title: 'Withdrawn', tone: 'quiet' },
  expired: { title: 'Expired', tone: 'quiet' },
};

/** What is to be done, and to whom. */
export const approvalTitle = ({ act, tenant }: Pick<Approval, 'act' | 'tenant'>): string =>
  dangerousActs[act].title + (tenant ? `: ${tenant.name}` : '');
