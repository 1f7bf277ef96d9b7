import { sql, type RawBuilder } from 'kysely';
import type { EvidenceBundle, EvidenceTenant, EvidenceTotals } from '#contracts/backups/evidence.ts';
import { usualBackupRules, type BackupRules } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { rows } from '../../sql.ts';
import { drillStandingOf, withDrills } from '../reports/standing.ts';
import { protectionOf } from '../viewing/protection.ts';
import { gapsOf } from './gaps.ts';

/** More of them in one file serve nobody who has to read it. */
export const mostThings = 20_000;

/** Which time, as moments: the first counts, the last does not. */
export interface Span {
  from: string;
  until: string;
}

type Collected = Pick<EvidenceBundle, 'policies' | 'tenants' | 'alarms' | 'totals'>;

interface TenantRow {
  tenant: string;
  plan: string;
  state: string;
  protection: EvidenceTenant['protection'];
  proof: EvidenceTenant['proof'];
  failure_code: string | null;
  last_at: string | null;
  proven_at: string | null;
}

/**
 * All that is known of backups and their proofs in a time. Nobody's name is among it: what people wrote (reasons, names of tenants) is left out. Refuses with
 * `evidence_too_large`.
 *
 * @param tenantId null for all tenants
 */
export async function collectEvidence(em: Sql, tenantId: string | null, span: Span): Promise<Collected> {
  const about = (tenant: RawBuilder<unknown>) => (tenantId === null ? sql`true` : sql`${tenant} = ${tenantId}::uuid`);
  const inSpan = (at: RawBuilder<unknown>) =>
    sql`${at} >= ${span.from}::timestamptz and ${at} < ${span.until}::timestamptz`;
  await refuseTooMuch(em, about, inSpan);
  const found = await rows<TenantRow>(em)`
    select t.id as tenant, t.plan, t.state, ${protectionOf} as protection, ${drillStandingOf} as proof, b.failure_code, b.last_at, held.proven_at
    from ${withDrills} where ${about(sql`t.id`)} and t.created_at < ${span.until}::timestamptz
      and (t.state in ('active', 'suspended') or ${tenantId}::uuid is not null
           or exists (select 1 from backups k where k.tenant_id = t.id and ${inSpan(sql`k.started_at`)}))
    order by t.id`;
  const backups = await rows<Of<EvidenceTenant['backups'][number]>>(em)`
    select k.tenant_id as tenant, k.id, k.at, k.cause, k.state, k.bytes::float8 as bytes, encode(k.digest, 'hex') as digest,
      case when k.verified_at is not null then
        jsonb_build_object('at', k.verified_at, 'as', coalesce(k.verified_as, 'bad'), 'code', k.refusal_code) end as verified,
      k.removed_at as "removedAt", k.removed_because as "removedBecause"
    from backups k where ${about(sql`k.tenant_id`)} and ${inSpan(sql`k.started_at`)} order by k.started_at, k.id`;
  const drills = await rows<Of<EvidenceTenant['drills'][number]>>(em)`
    select d.tenant_id as tenant, d.id, d.backup_id as backup, d.cause, d.state, d.started_at as "startedAt", d.finished_at as "finishedAt",
      greatest(0, extract(epoch from d.started_at - d.backup_at))::int as "rpoSeconds", d.rpo_target_seconds as "rpoTargetSeconds",
      d.rto_ms::float8 as "rtoMs", d.rto_target_ms::float8 as "rtoTargetMs",
      (d.proof ->> 'tables')::int as tables, (d.proof ->> 'digests')::int as digests, (d.proof ->> 'rows')::float8 as rows,
      (d.proof ->> 'foreignKeys')::int as "foreignKeys", coalesce(d.proof -> 'checks', d.checks, '[]') as checks, d.reason_code as code
    from backup_drills d where ${about(sql`d.tenant_id`)} and ${inSpan(sql`d.started_at`)} order by d.started_at, d.id`;
  const restores = await rows<Of<EvidenceTenant['restores'][number]>>(em)`
    select s.source_tenant_id as tenant, s.run_id as run, s.backup_id as backup, s.mode, s.created_at as at, r.state
    from restores s join runs r on r.id = s.run_id
    where ${about(sql`s.source_tenant_id`)} and ${inSpan(sql`s.created_at`)} order by s.created_at, s.run_id`;
  const alarms = await rows<EvidenceBundle['alarms'][number]>(em)`
    select e.created_at as at, e.tenant_id as tenant, e.type, coalesce(e.outcome_code, e.data ->> 'code') as code from events e
    where e.type = any(${alarmTypes}::text[]) and ${about(sql`e.tenant_id`)} and ${inSpan(sql`e.created_at`)} order by e.id`;
  const policies = await policiesOf(em, [...new Set(found.map(({ plan }) => plan))]);
  const gaps = await gapsOf(em, about(sql`t.id`), span);
  const tenants = found.map((row): EvidenceTenant => {
    const of = <Thing extends { tenant: string }>(things: Thing[]) =>
      things.filter(({ tenant }) => tenant === row.tenant).map(({ tenant: _tenant, ...thing }) => thing);
    return {
      tenant: row.tenant,
      plan: row.plan,
      state: row.state,
      protection: row.protection,
      whyNot: row.protection === 'protected' ? null : (row.failure_code ?? row.protection),
      proof: row.proof,
      lastAt: timeOf(row.last_at),
      provenAt: timeOf(row.proven_at),
      rpoSeconds: gaps.get(row.tenant)?.worstSeconds ?? null,
      gaps: gaps.get(row.tenant)?.gaps ?? [],
      backups: of(backups).map((one) => ({
        ...one,
        at: timeOf(one.at),
        verified: one.verified && { ...one.verified, at: isoOf(one.verified.at) },
        removedAt: timeOf(one.removedAt),
      })),
      drills: of(drills).map((one) => ({
        ...one,
        startedAt: isoOf(one.startedAt),
        finishedAt: timeOf(one.finishedAt),
      })),
      restores: of(restores).map((one) => ({ ...one, at: isoOf(one.at) })),
    };
  });
  const told = alarms.map((alarm) => ({ ...alarm, at: isoOf(alarm.at) }));
  return { policies, tenants, alarms: told, totals: totalsOf({ tenants, alarms: told }) };
}

type Of<Thing> = Thing & { tenant: string };

const timeOf = (time: string | null): string | null => time && isoOf(time);

const alarmTypes = [
  'tenant.backups_missed',
  'tenant.backups_recovered',
  'drill.failed',
  'plan.backups_caught_up',
  'plan.backups_passed_over',
];

async function refuseTooMuch(
  em: Sql,
  about: (tenant: RawBuilder<unknown>) => RawBuilder<unknown>,
  inSpan: (at: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<void> {
  const [found] = await rows<{ count: number }>(em)`
    select ((select count(*) from backups where ${about(sql`tenant_id`)} and ${inSpan(sql`started_at`)})
      + (select count(*) from backup_drills where ${about(sql`tenant_id`)} and ${inSpan(sql`started_at`)}))::int as count`;
  if ((found?.count ?? 0) > mostThings)
    throw new DomainError(
      'evidence_too_large',
      `In this time there are ${found?.count} backups and drills; one file holds ${mostThings}. Ask for a shorter time, or for one tenant.`,
    );
}

async function policiesOf(em: Sql, plans: string[]): Promise<EvidenceBundle['policies']> {
  const found = await rows<{ plan: string; version: number | null; rules: BackupRules | null; paused: boolean }>(em)`
    select l.name as plan, p.version, p.rules, p.paused_at is not null as paused
    from plans l left join backup_policies p on p.plan = l.name where l.name = any(${plans}::text[]) order by l.name`;
  return found.map((one) => ({ ...one, rules: one.rules ?? usualBackupRules }));
}

/** What the lists come to: whoever reads them finds the same. */
export function totalsOf({ tenants, alarms }: Pick<EvidenceBundle, 'tenants' | 'alarms'>): EvidenceTotals {
  const sum = (of: (tenant: EvidenceTenant) => number) => tenants.reduce((total, one) => total + of(one), 0);
  const drills = (holds: (drill: EvidenceTenant['drills'][number]) => boolean) =>
    sum((tenant) => tenant.drills.filter(holds).length);
  return {
    tenants: tenants.length,
    notProtected: tenants.filter(({ whyNot }) => whyNot !== null).length,
    backups: sum((tenant) => tenant.backups.length),
    bad: sum((tenant) => tenant.backups.filter(({ verified }) => verified?.as === 'bad').length),
    drills: drills(() => true),
    proven: drills(({ state }) => state === 'proven'),
    rpoMissed: drills(({ state, rpoSeconds, rpoTargetSeconds }) => state === 'proven' && rpoSeconds > rpoTargetSeconds),
    rtoMissed: drills(({ rtoMs, rtoTargetMs }) => rtoMs !== null && rtoMs > rtoTargetMs),
    restores: sum((tenant) => tenant.restores.length),
    gaps: sum((tenant) => tenant.gaps.length),
    alarms: alarms.length,
  };
}
