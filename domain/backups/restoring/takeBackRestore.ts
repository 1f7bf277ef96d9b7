import { bumpAccessEpoch } from '../../access/epoch.ts';
import type { Sql } from '../../database.ts';
import type { LockedRun } from '../../runs/ledger.ts';
import { moveTenant } from '../../tenants/moveTenant.ts';
import { restoreOf } from './restoreRow.ts';

/** Everything is what it was before: the doors open again, if they were open. */
export async function takeBackRestore(em: Sql, run: LockedRun, tenantId: string): Promise<void> {
  const restore = await restoreOf(em, run.id);
  // What was lost is not there yet: the doors stay closed until a refill or a restore has made it good.
  if (!restore.wasOpen || restore.mode === 'refill') return;
  await moveTenant(em, tenantId, { to: 'active', attention: false }, run.actor);
  await bumpAccessEpoch(em);
}
