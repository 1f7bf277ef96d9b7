import { forgetArrivals } from '#domain/backups/arriving/arrivals.ts';
import { cardKeyOf } from '#domain/backups/format/tenantCard.ts';
import { folderOf, folderOfTenant, manifestKeyOf } from '#domain/backups/format/manifest.ts';
import { lockEndOf } from '#domain/backups/format/refusals.ts';
import { removeBackup } from '#domain/backups/format/writeBackup.ts';
import { markErased } from '#domain/backups/retention/forgetBackups.ts';
import {
  findGoing,
  findToLookAt,
  keepLocked,
  markGoing,
  noteRemoved,
  noteStillThere,
  type Going,
} from '#domain/backups/retention/removing.ts';
import type { Sql } from '#domain/database.ts';
import { DomainError } from '#contracts/errors.ts';
import { deleteOrLocked, deleteUnlocked, type Place } from '#domain/places/place.ts';
import { countRemoved } from '#observability/backups/backupMetrics.ts';
import { ProviderError } from '#providers/provider.ts';
import type { Deps } from '../deps.ts';

type RemovalDeps = Pick<Deps, 'registry' | 'backupPlace'>;

/**
 * Marks what does not stay of up to `most` tenants' backups, and removes up to `most` backups that are to go. What cannot be removed now
 * is told at its row, and excuses no other. Returns how much was done.
 */
export async function removeOldBackups(deps: RemovalDeps, em: Sql, now: Date, most: number): Promise<number> {
  await forgetArrivals(em);
  const tenants = await findToLookAt(em, now, most);
  for (const tenantId of tenants) await em.transactional((tx) => markGoing(tx, tenantId, now));
  const going = await findGoing(em, now, most);
  for (const one of going) await remove(deps, em, one);
  return Math.max(tenants.length, going.length);
}

async function remove({ backupPlace: place }: RemovalDeps, em: Sql, going: Going): Promise<boolean> {
  try {
    await removeBackup({ place, tenantId: going.tenantId, backupId: going.id });
  } catch (error) {
    const { code } = error as { code?: string };
    const lockEnds = lockEndOf(error);
    countRemoved('refused');
    if (lockEnds && (await isWhole(place, going)) && (await em.transactional((tx) => keepLocked(tx, going, lockEnds))))
      return false;
    await noteStillThere(
      em,
      going,
      error instanceof DomainError ? error.code : (code ?? 'backup_place_gone'),
      lockEnds,
    );
    return false;
  }
  await em.transactional((tx) => noteRemoved(tx, going));
  countRemoved('removed');
  return true;
}

/** What is removed loses its manifest first: as long as that is there, so is the rest. */
async function isWhole(place: Place, { tenantId, id: backupId }: Going): Promise<boolean> {
  const of = { tenantId, backupId };
  for await (const { key } of place.list(folderOf(of))) if (key === manifestKeyOf(of)) return true;
  return false;
}

/**
 * At the erasure: with the backups goes the last copy that we keep, and with the card the last copy of the key. What object lock keeps cannot be
 * read any more once the key is destroyed (but for the card's own copy of it), and goes when its lock is over. Throws, to be asked again, while something of the tenant is
 * still being copied.
 */
export async function removeBackupsOf(deps: RemovalDeps, tenantId: string): Promise<void> {
  const em = deps.registry.em.fork();
  const { backupIds, open } = await em.transactional((tx) => markErased(tx, tenantId));
  if (open > 0)
    throw new ProviderError('Tenantry', 'A backup of the tenant is still being made or read.', { retryAfterMs: 1_000 });
  const place = deps.backupPlace;
  await deleteOrLocked(place, cardKeyOf(tenantId)); // what is kept is told where the erasure is certified
  let isLocked = false;
  for (const id of backupIds) if (!(await removeOrLocked(deps, em, { id, tenantId }))) isLocked = true;
  if (!isLocked) await deleteUnlocked(place, folderOfTenant(tenantId));
}

/** False when a lock keeps it; an outage throws. */
async function removeOrLocked({ backupPlace: place }: RemovalDeps, em: Sql, going: Going): Promise<boolean> {
  try {
    await removeBackup({ place, tenantId: going.tenantId, backupId: going.id });
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'backup_locked') throw error;
    await noteStillThere(em, going, error.code, lockEndOf(error));
    return false;
  }
  await em.transactional((tx) => noteRemoved(tx, going));
  return true;
}
