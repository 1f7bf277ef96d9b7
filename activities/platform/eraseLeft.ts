import type { KeptByLock } from '#contracts/offboarding/certificate.ts';
import { folderOfTenant as backupsOfTenant } from '#domain/backups/format/manifest.ts';
import { cardKeyOf } from '#domain/backups/format/tenantCard.ts';
import type { Sql } from '#domain/database.ts';
import { backupsThatStay, findToGoOn, noteStays } from '#domain/erasure/keptByLock.ts';
import { folderOf, folderOfTenant } from '#domain/exports/manifest.ts';
import { exportsOf, markRemoved } from '#domain/exports/exportRows.ts';
import { deleteOrLocked, deleteUnlocked } from '#domain/places/place.ts';
import { rows } from '#domain/sql.ts';
import type { Deps } from '../deps.ts';

type LeftDeps = Pick<Deps, 'registry' | 'backupPlace' | 'place'>;
type Lock = { until: Date | null };

/**
 * Once the tenant's key is destroyed: what an attempt that was thought dead may have laid down since the erasure goes too. What object lock keeps is
 * written down, with its time, and goes when its lock is over; an outage throws.
 */
export async function eraseLeft(deps: LeftDeps, tenantId: string): Promise<void> {
  const { backupPlace: place } = deps;
  const em = deps.registry.em.fork();
  const card = await deleteOrLocked(place, cardKeyOf(tenantId));
  const stays: KeptByLock[] = card ? [told('card', null, [card])] : [];
  const backups = await backupsThatStay(em, tenantId);
  stays.push(...backups);
  if (backups.length === 0) {
    const left = (await deleteUnlocked(place, backupsOfTenant(tenantId))).filter(
      ({ key }) => key !== cardKeyOf(tenantId),
    );
    if (left.length > 0) stays.push(told('file', null, left));
  }
  stays.push(...(await removeUnlockedExports(deps, tenantId)));
  await em.transactional((tx) => noteStays(tx, tenantId, stays));
}

/** Erasures that a lock kept from being complete, and whose time has come. One that fails excuses no other. Returns how many were looked at. */
export async function goOnErasing(deps: LeftDeps, em: Sql, now: Date, most: number): Promise<number> {
  const tenants = await findToGoOn(em, now, most);
  for (const tenantId of tenants)
    await eraseLeft(deps, tenantId).catch(
      () => rows(em)`update erasures set look_again_at = now() + interval '1 hour' where tenant_id = ${tenantId}`,
    );
  return tenants.length;
}

/** Exports of a tenant that is erased, as far as no lock keeps them. Returns those that stay. */
export async function removeUnlockedExports(
  { registry, place }: Pick<Deps, 'registry' | 'place'>,
  tenantId: string,
): Promise<KeptByLock[]> {
  const em = registry.em.fork();
  const known = await exportsOf(em, tenantId);
  const left = await deleteUnlocked(place, folderOfTenant(tenantId));
  const stays: KeptByLock[] = [];
  for (const { id } of known) {
    const own = left.filter(({ key }) => key.startsWith(`${folderOf({ tenantId, exportId: id })}/`));
    if (own.length > 0) stays.push(told('export', id, own));
    else await em.transactional((tx) => markRemoved(tx, id));
  }
  return stays;
}

/** Until the last of its files may go; null where one does not say. */
function told(what: KeptByLock['what'], id: string | null, locks: readonly Lock[]): KeptByLock {
  const ends = locks.map(({ until }) => until?.toISOString() ?? null);
  return { what, id, until: ends.includes(null) ? null : (ends.toSorted().at(-1) ?? null) };
}
