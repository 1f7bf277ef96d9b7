import type { z } from 'zod';
import type { RunState } from '#contracts/runStates.ts';
import type { ExecutionPage, ExecutionQuery, ExecutionSummary } from '#contracts/runbooks/executions.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';

interface Row {
  run_id: string;
  runbook: string;
  title: string;
  version: number;
  practice: boolean;
  state: RunState;
  run_version: number;
  starter: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  budget: number | null;
  overran: boolean;
  seconds: number;
  waits: ExecutionSummary['waitsFor'] | null;
}

/** The newest first. */
export async function listExecutions(em: Sql, query: z.output<typeof ExecutionQuery>): Promise<ExecutionPage> {
  const { runbook, practice, open, cursor, limit } = query;
  const after = cursor ? readCursor(cursor, 'time') : null;
  const found = await rows<Row>(em)`
    select e.run_id, e.runbook, v.definition->>'title' as title, e.version, e.practice, r.state, r.version as run_version,
      u.email as starter, e.created_at, r.started_at, r.finished_at, (v.definition->>'budgetSeconds')::int as budget,
      e.overran_at is not null as overran,
      coalesce(extract(epoch from coalesce(r.finished_at, now()) - e.began_at), 0)::float8 as seconds,
      case when r.finished_at is null then (
        select jsonb_agg(jsonb_build_object('step', s.key, 'what', s.record->>'waitsFor') order by s.position)
        from runbook_steps s where s.run_id = e.run_id and s.record->>'waitsFor' is not null) end as waits
    from runbook_executions e join runs r on r.id = e.run_id
    join runbook_versions v on v.name = e.runbook and v.version = e.version
    left join users u on u.id = r.actor_id and u.tenant_id is null
    where (${runbook ?? null}::text is null or e.runbook = ${runbook ?? null})
      and (${practice ?? null}::boolean is null or e.practice = ${practice ?? null}::boolean)
      and (${open ?? null}::boolean is null or (r.finished_at is null) = ${open ?? null}::boolean)
      and (${after?.value ?? null}::timestamptz is null
           or (e.created_at, e.run_id) < (${after?.value ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by e.created_at desc, e.run_id desc limit ${limit + 1}`;
  const items = found.slice(0, limit).map(summaryOf);
  const last = items.at(-1);
  return { items, nextCursor: last && found.length > limit ? writeCursor(last.createdAt, last.runId) : null };
}

const summaryOf = (row: Row): ExecutionSummary => ({
  ...{ runId: row.run_id, runbook: row.runbook, title: row.title, runbookVersion: row.version, practice: row.practice },
  ...{ state: row.state, version: row.run_version, startedBy: row.starter, createdAt: isoOf(row.created_at) },
  startedAt: row.started_at === null ? null : isoOf(row.started_at),
  finishedAt: row.finished_at === null ? null : isoOf(row.finished_at),
  ...{ budgetSeconds: row.budget, overran: row.overran, seconds: row.seconds, waitsFor: row.waits ?? [] },
});
