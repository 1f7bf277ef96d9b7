import { announceAccess } from '#domain/access/epoch.ts';
import { closeOverdue } from '#domain/support/closeOverdue.ts';
import type { Reconciled } from './reconciled.ts';

/** Writes down which support accesses time has ended, also when nobody looks. */
export async function closeSupport({ platform }: Reconciled): Promise<void> {
  const epoch = await closeOverdue(platform.registry.em.fork());
  if (epoch !== null) announceAccess(platform.announcer, epoch);
}
