import { readdir } from 'node:fs/promises';
import { openPlace } from '#domain/places/openPlace.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

/**
 * I2 and I3 of backups: each run that succeeded made one, each other none; what lies in the place is what is kept, or is to be removed; and what
 * is kept lies there with its manifest.
 */
export async function backupsDiffer(ground: Ground): Promise<Breach[]> {
  const runs = await ground.ask<{ id: string; state: string; kept: number }>(`
    select r.id, r.state, count(b.id) filter (where b.state in ('kept', 'removing', 'removed') and b.removed_because is distinct from 'unfinished')::int as kept
    from runs r left join backups b on b.run_id = r.id where r.kind in ('backupTenant', 'recoverTenant') group by r.id`);
  const breaches: Breach[] = runs
    .filter(({ state, kept }) => kept !== (state === 'succeeded' ? 1 : 0))
    .map(({ id, state, kept }) => ({ rule: 'I3', what: `run ${id} (${state}) made ${kept} backups` }));
  const { scratchDir } = ground.installation.configuration.physical;
  for (const name of await readdir(scratchDir).catch(() => []))
    breaches.push({ rule: 'I2', what: `a server that was brought up for ${name} is still there` });
  const rows = await ground.ask<{ id: string; state: string }>('select id, state from backups');
  const lying = new Set<string>();
  const whole = new Set<string>();
  for await (const { key } of openPlace(ground.installation.configuration.backups).list('backups')) {
    const [, , id = '', file] = key.split('/');
    if (file === undefined) continue; // a tenant's card
    lying.add(id);
    if (file === 'manifest.json') whole.add(id);
  }
  for (const id of lying)
    if (!rows.some((row) => row.id === id && row.state !== 'removed'))
      breaches.push({ rule: 'I2', what: `files of the backup ${id} lie in the place, which nobody knows` });
  for (const { id, state } of rows)
    if (state === 'kept' && !whole.has(id))
      breaches.push({ rule: 'I2', what: `the backup ${id} is kept and not there` });
  return breaches;
}
