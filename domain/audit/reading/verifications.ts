import { v7 as newId } from 'uuid';
import type { AuditVerification } from '#contracts/audit/audit.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, theSystem, type Actor } from '../../events/appendEvent.ts';
import { json, rows } from '../../sql.ts';
import type { Verified } from '../verifying/verifyRegistry.ts';

interface Row {
  outcome: 'intact' | 'broken' | 'failed';
  started_at: string;
  finished_at: string;
  entries: string;
  chains: number;
  anchors: number;
  findings: NonNullable<AuditVerification['latest']>['findings'];
  notes: string[];
}

/** What the latest verification found, and when that was. */
export async function viewVerification(em: Sql, everyHours: number): Promise<AuditVerification> {
  const [row] = await rows<Row>(em)`
    select outcome, started_at, finished_at, entries::text, chains, anchors, findings, notes from audit_verifications
    where finished_at is not null order by finished_at desc limit 1`;
  const [state] = await rows<{ open: boolean; count: number; oldest: string | null }>(em)`
    select exists (select 1 from audit_verifications where finished_at is null) as open,
      (select count(*) from (select 1 from events where sequence is null limit 10000) as waiting)::int as count,
      (select extract(epoch from now() - created_at) from events where sequence is null order by id limit 1) as oldest`;
  return {
    latest: row
      ? {
          outcome: row.outcome,
          startedAt: new Date(row.started_at).toISOString(),
          finishedAt: new Date(row.finished_at).toISOString(),
          entries: Number(row.entries),
          chains: row.chains,
          anchors: row.anchors,
          findings: row.findings,
          notes: row.notes,
        }
      : null,
    underWay: state?.open ?? false,
    everyHours,
    unsealed: { count: state?.count ?? 0, oldestSeconds: Number(state?.oldest ?? 0) },
  };
}

/** Asks for a verification now, unless one is asked for already; a worker carries it out. */
export async function askForVerification(em: Sql, actor: Actor): Promise<void> {
  const asked = await rows(em)`
    insert into audit_verifications (id, asked_by) select ${newId()}, ${actor.userId}::uuid
    where not exists (select 1 from audit_verifications where finished_at is null) returning id`;
  if (asked.length > 0)
    await appendEvent(em, { stream: 'audit:verifications', type: 'audit.verification_asked', tenantId: null }, actor);
}

const abandonedMinutes = 60;

/** The verification that is due, for the worker that takes it; null when there is none. One that was left by a killed worker is due again. */
export async function takeVerification(em: Sql, everyHours: number): Promise<string | null> {
  return em.transactional(async (tx) => {
    const [lock] = await rows<{ ours: boolean }>(tx)`
      select pg_try_advisory_xact_lock(hashtextextended('tenantry audit verification', 0)) as ours`;
    if (!lock?.ours) return null;
    await rows(tx)`
      insert into audit_verifications (id) select ${newId()} where not exists (
        select 1 from audit_verifications
        where finished_at is null or asked_at > now() - make_interval(hours => ${everyHours}::int))
        and exists (select 1 from audit_heads where anchored_at is not null)`;
    const [taken] = await rows<{ id: string }>(tx)`
      update audit_verifications set started_at = now()
      where id = (select id from audit_verifications
                  where finished_at is null and (started_at is null or started_at < now() - make_interval(mins => ${abandonedMinutes}::int))
                  order by asked_at limit 1)
      returning id`;
    return taken?.id ?? null;
  });
}

/** @param verified null when it could not be carried out */
export async function keepVerification(em: Sql, id: string, verified: Verified | null, failure = ''): Promise<void> {
  const outcome = verified === null ? 'failed' : verified.findings.length > 0 ? 'broken' : 'intact';
  await em.transactional(async (tx) => {
    await rows(tx)`
      update audit_verifications set finished_at = now(), outcome = ${outcome}, entries = ${verified?.entries ?? 0},
        chains = ${verified?.chains ?? 0}, anchors = ${verified?.anchors ?? 0}, findings = ${json(verified?.findings ?? [])}::jsonb,
        notes = ${json(verified?.notes ?? [failure])}::jsonb
      where id = ${id}`;
    await appendEvent(
      tx,
      {
        stream: 'audit:verifications',
        type: 'audit.verified',
        tenantId: null,
        outcome: outcome === 'intact' ? 'success' : 'failed',
        ...(outcome === 'intact' ? {} : { code: `audit_${outcome}` }),
        data: { entries: verified?.entries ?? 0, findings: verified?.findings.length ?? 0 },
      },
      theSystem,
    );
  });
}
