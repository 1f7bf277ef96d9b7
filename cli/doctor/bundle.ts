import { availableParallelism, freemem, release, totalmem } from 'node:os';
import type { Sql } from '#domain/database.ts';
import { rows } from '#domain/sql.ts';
import { redact } from '#observability/redaction.ts';
import type { Diagnosis } from './check.ts';

/** How much of what there is, and what happened lately by kind: numbers and words of ours, never what people wrote. */
export async function factsOf(em: Sql): Promise<Record<string, unknown>> {
  const counts = await rows(em)`
    select relname as "table", n_live_tup::bigint::text as "rows", pg_total_relation_size(relid)::bigint::text as bytes
    from pg_stat_user_tables order by relname`;
  const runs = await rows(em)`select kind, state, count(*)::int as count from runs group by 1, 2 order by 1, 2`;
  const failures = await rows(em)`
    select kind, reason_code as code, count(*)::int as count from runs
    where reason_code is not null and created_at > now() - interval '7 days' group by 1, 2 order by 3 desc limit 50`;
  const events = await rows(em)`
    select type, outcome, outcome_code as code, count(*)::int as count, max(created_at)::text as latest from events
    where created_at > now() - interval '1 day' group by 1, 2, 3 order by 4 desc limit 100`;
  const migrated = await rows(em)`select name, executed_at::text as at from schema_migrations order by name`;
  return { counts, runs, failures, events, migrated };
}

/** The variables are told by their names alone. */
export const bundleOf = (diagnoses: Diagnosis[], facts: Record<string, unknown>): unknown =>
  redact({
    kind: 'tenantry support bundle',
    made: new Date().toISOString(),
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch} ${release()}`,
      processors: availableParallelism(),
      megabytes: { all: Math.round(totalmem() / 2 ** 20), free: Math.round(freemem() / 2 ** 20) },
    },
    diagnoses,
    ...facts,
  });
