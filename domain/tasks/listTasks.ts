import { sql } from 'kysely';
import type { z } from 'zod';
import type { TaskPage, TaskQuery } from '#contracts/tasks.ts';
import type { Reach } from '../access/grants.ts';
import { withinReach } from '../access/withinReach.ts';
import { readCursor, writeCursor } from '../cursors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import { viewTasks } from './viewTask.ts';

/** Tasks, newest first. */
export async function listTasks(em: Sql, query: z.infer<typeof TaskQuery>, reach: Reach): Promise<TaskPage> {
  const where = [
    withinReach(reach, sql`tenant_id`),
    ...(query.state ? [sql`state = ${query.state}`] : []),
    ...(query.kind ? [sql`kind = ${query.kind}`] : []),
    ...(query.tenantId ? [sql`tenant_id = ${query.tenantId}`] : []),
    ...(query.runId ? [sql`run_id = ${query.runId}`] : []),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'time');
    where.push(sql`(opened_at, id) < (${after.value}::timestamptz, ${after.id}::uuid)`);
  }
  const found = await rows<{ id: string }>(em)`
    select id from tasks where ${sql.join(where, sql` and `)}
    order by opened_at desc, id desc limit ${query.limit + 1}`;
  const items = await viewTasks(
    em,
    found.slice(0, query.limit).map(({ id }) => id),
  );
  const last = items.at(-1);
  return {
    items,
    nextCursor: last && found.length > query.limit ? writeCursor(last.openedAt, last.id) : null,
  };
}

export async function countOpenTasks(em: Sql, reach: Reach): Promise<number> {
  const [open] = await rows<{ count: number }>(em)`
    select count(*)::integer as count from tasks where state = 'open' and ${withinReach(reach, sql`tenant_id`)}`;
  return open?.count ?? 0;
}
