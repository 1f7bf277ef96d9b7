import type { Restore } from '#contracts/backups/restores.ts';
import type { Sql } from '../../database.ts';
import { json, rows } from '../../sql.ts';
import type { RestoreRow } from './restoreRow.ts';

/** Before the first thing is replaced: from here on there is something to put back. */
export const noteBegun = (em: Sql, runId: string): Promise<unknown> =>
  rows(em)`update restores set began_at = coalesce(began_at, clock_timestamp()) where run_id = ${runId}`;

export const notePutBack = (em: Sql, runId: string): Promise<unknown> =>
  rows(em)`update restores set began_at = null, outcome = null where run_id = ${runId}`;

type Outcome = NonNullable<Restore['outcome']>;

/** What came back. Names of objects may be personal and are not kept; a whole backup that came back is proven by that. */
export async function noteOutcome(em: Sql, restore: RestoreRow, restored: Outcome): Promise<void> {
  const outcome = Object.fromEntries(
    Object.entries(restored).map(([source, { rows: count, objects, bytes, leftOut }]) => [
      source,
      {
        rows: count,
        objects,
        bytes,
        leftOut: leftOut.slice(0, 50).map((one) => (source === 'storage' ? { ...one, what: 'an object' } : one)),
      },
    ]),
  );
  await rows(em)`update restores set outcome = ${json(outcome)}::jsonb where run_id = ${restore.runId}`;
  if (restore.sealedChoice === null && restore.mode !== 'refill' && restore.backupId)
    await rows(em)`update backups set proven_at = clock_timestamp() where id = ${restore.backupId}`;
}
