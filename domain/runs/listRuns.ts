import { sql } from 'kysely';
import type { z } from 'zod';
import type { RunPage, RunQuery } from '#contracts/runs.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { Run } from './runRecord.ts';
import { viewRuns, type TemporalPlace } from './viewRun.ts';

/** Runs, newest first. */
export async function listRuns(
  em: Sql,
  query: z.infer<typeof RunQuery>,
  reach: Reach,
  place: TemporalPlace,
): Promise<RunPage> {
  const where = [
    withinReach(reach, sql`tenant_id`),
    ...(query.tenantId ? [sql`tenant_id = ${query.tenantId}`] : []),
    ...(query.state ? [sql`state = ${query.state}`] : []),
    ...(query.kind ? [sql`kind = ${query.kind}`] : []),
  ];
  if (query.reasonCode)
    where.push(
      sql`exists (select 1 from run_steps s where s.id = runs.held_step_id and s.reason_code = ${query.reasonCode})`,
    );
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(created_at, id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<{ id: string }>(em)`
    select id from runs where ${sql.join(where, sql` and `)}
    order by created_at desc, id desc limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit).map(({ id }) => id);
  const runs = await em.find(Run, { id: { $in: shown } });
  const byId = new Map(runs.map((run) => [run.id, run]));
  const ordered = shown.flatMap((id) => byId.get(id) ?? []);
  const last = ordered.at(-1);
  return {
    items: await viewRuns(em, ordered, place),
    nextCursor: last && found.length > query.limit ? writeCursor(last.createdAt.toISOString(), last.id) : null,
  };
}
