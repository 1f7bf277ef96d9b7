import { DomainError } from '#contracts/errors.ts';
import type { Runbook, RunbookDefinition, RunbookSummary, RunbookVersion } from '#contracts/runbooks/runbooks.ts';
import { leavesOf } from '#contracts/runbooks/steps.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { judge } from './createVersion.ts';

interface VersionRow {
  name: string;
  version: number;
  definition: RunbookDefinition;
  digest: string;
  origin: 'shipped' | 'written';
  note: string;
  created_by: string | null;
  created_at: string;
  waits: boolean;
}

/** The latest that is in use where no version is given. Refuses with `not_found`. */
export async function findVersion(em: Sql, name: string, version?: number): Promise<RunbookVersion> {
  const [row] = await rows<VersionRow>(em)`
    select v.*, u.email as created_by from runbook_versions v
    left join users u on u.id = v.created_by and u.tenant_id is null
    where v.name = ${name}
      and case when ${version ?? null}::int is null then not v.waits else v.version = ${version ?? null}::int end
    order by v.version desc limit 1`;
  if (!row)
    throw new DomainError(
      'not_found',
      version === undefined
        ? `There is no runbook "${name}".`
        : `There is no version ${version} of a runbook "${name}".`,
    );
  return viewVersion(row);
}

const viewVersion = (row: VersionRow): RunbookVersion => ({
  name: row.name,
  version: row.version,
  digest: row.digest,
  origin: row.origin,
  note: row.note,
  createdBy: row.created_by,
  createdAt: isoOf(row.created_at),
  definition: row.definition,
});

/** Refuses with `not_found`. */
export async function viewRunbook(em: Sql, name: string): Promise<Runbook> {
  const latest = await findVersion(em, name);
  const all = await rows<VersionRow>(em)`
    select v.*, u.email as created_by from runbook_versions v
    left join users u on u.id = v.created_by and u.tenant_id is null where v.name = ${name} order by v.version desc`;
  const { findings } = await judge(em, latest.definition);
  const waiting = all.find(({ waits, version }) => waits && version > latest.version);
  return {
    name,
    latest,
    versions: all.map((row) => {
      const { name: _name, definition: _definition, ...head } = viewVersion(row);
      return head;
    }),
    shippedWaits: waiting?.version ?? null,
    findings,
  };
}

/** The latest version of each, with how it was run and practised last. */
export async function listRunbooks(em: Sql): Promise<RunbookSummary[]> {
  const found = await rows<
    VersionRow & {
      open: number;
      last: { runId: string; state: string; practice: boolean; createdAt: string } | null;
      practised: { runId: string; state: string; finishedAt: string; seconds: number } | null;
      stale: boolean;
    }
  >(em)`
    select distinct on (v.name) v.*,
      (select count(*)::int from runbook_executions e join runs r on r.id = e.run_id
       where e.runbook = v.name and r.finished_at is null) as open,
      (select jsonb_build_object('runId', r.id, 'state', r.state, 'practice', e.practice, 'createdAt', r.created_at)
       from runbook_executions e join runs r on r.id = e.run_id where e.runbook = v.name order by e.created_at desc limit 1) as last,
      (select jsonb_build_object('runId', r.id, 'state', r.state, 'finishedAt', r.finished_at,
         'seconds', extract(epoch from r.finished_at - coalesce(e.began_at, r.created_at)))
       from runbook_executions e join runs r on r.id = e.run_id
       where e.runbook = v.name and e.practice and r.finished_at is not null order by r.finished_at desc limit 1) as practised,
      coalesce((select p.enabled and p.stale_at < now() from runbook_practice p where p.runbook = v.name), false) as stale
    from runbook_versions v where not v.waits order by v.name, v.version desc`;
  return found.map((row) => ({
    name: row.name,
    title: row.definition.title,
    summary: row.definition.summary,
    version: row.version,
    origin: row.origin,
    steps: leavesOf(row.definition.steps).length,
    budgetSeconds: row.definition.budgetSeconds,
    openExecutions: row.open,
    lastExecution: row.last && { ...row.last, createdAt: isoOf(row.last.createdAt) },
    lastPractice: row.practised && { ...row.practised, finishedAt: isoOf(row.practised.finishedAt) },
    practiceIsStale: row.stale,
  }));
}
