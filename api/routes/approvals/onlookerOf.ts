import { DomainError } from '#contracts/errors.ts';
import { everywhere, type Principal } from '#domain/access/grants.ts';
import type { Onlooker } from '#domain/approvals/viewApprovals.ts';
import type { Access } from '../../access/access.ts';

/** Everybody sees what they asked for themselves; more by what they may read and decide. */
export async function onlookerOf(principal: Principal | null, access: Access): Promise<Onlooker> {
  if (!principal) throw new DomainError('unauthenticated', 'Sign in first.');
  const grants = await access.knowing(principal.userId);
  return {
    userId: principal.userId,
    asks: { ...everywhere, within: principal.limits?.scope ?? null },
    reads: grants.reach(principal, 'approvals:read'),
    decides: grants.reach(principal, 'approvals:decide'),
  };
}
