import { sql } from 'kysely';
import {
  protections,
  type BackupFleet,
  type FleetBackup,
  type PlanProtection,
  type Protection,
  type ProtectionPage,
  type ProtectionQuery,
} from '#contracts/backups/backups.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import type { Reach } from '../../access/grants.ts';
import { withinReach } from '../../access/withinReach.ts';
import { readCursor, writeCursor } from '../../cursors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { registryTime, rows } from '../../sql.ts';
import { pausedOf } from '../policies/viewPolicies.ts';
import { nextWindow } from '../policies/windows.ts';
import { protectionOf, withProtection } from './protection.ts';
import { failureOf } from './viewTenantBackups.ts';

const isThere = sql`t.state in ('active', 'suspended')`;

type Counts = Record<Protection, number>;
const none = (): Counts => Object.fromEntries(protections.map((protection) => [protection, 0])) as Counts;

/** How many tenants stand how, of each plan and of all, among those in reach. */
export async function viewBackupFleet(em: Sql, reach: Reach): Promise<BackupFleet> {
  const counted = await rows<{ plan: string; protection: Protection; count: number; oldest: string | null }>(em)`
    select t.plan, ${protectionOf} as protection, count(*)::int as count, min(b.last_at) as oldest
    from ${withProtection} where ${isThere} and ${withinReach(reach, sql`t.id`)} group by 1, 2`;
  const stored = await rows<{ plan: string; bytes: string }>(em)`
    select t.plan, sum(k.stored_bytes)::text as bytes from backups k join tenants t on t.id = k.tenant_id
    where k.state = 'kept' and ${withinReach(reach, sql`t.id`)} group by 1`;
  const plans = await rows<PlanRow>(em)`
    select l.name as plan, l.title, p.next_at, p.plan is null as is_new, p.paused_at, p.pause_reason, u.email as paused_by,
      coalesce((p.rules ->> 'rpoMinutes')::int, ${usualBackupRules.rpoMinutes}::int) as rpo_minutes
    from plans l left join backup_policies p on p.plan = l.name left join users u on u.id = p.paused_by and u.tenant_id is null
    order by l.title, l.name`;
  const latest = await latestRuns(em);
  const now = new Date(await registryTime(em));
  const items = plans
    .map((plan): PlanProtection => {
      const of = counted.filter((one) => one.plan === plan.plan);
      const counts = none();
      for (const { protection, count } of of) counts[protection] = count;
      const oldest = of.flatMap((one) => (one.oldest === null ? [] : isoOf(one.oldest))).toSorted()[0];
      return {
        plan: plan.plan,
        title: plan.title,
        counts,
        storedBytes: Number(stored.find((one) => one.plan === plan.plan)?.bytes ?? 0),
        // Of a plan that nobody spoke of, until the schedule has come by.
        nextAt: plan.is_new ? nextWindow(usualBackupRules, now).toISOString() : plan.next_at && isoOf(plan.next_at),
        paused: pausedOf(plan),
        rpoMinutes: plan.rpo_minutes,
        oldestAt: oldest ?? null,
        latest: latest.get(plan.plan) ?? null,
      };
    })
    .filter(({ counts }) => reach.everything || Object.values(counts).some((count) => count > 0));
  const counts = none();
  for (const plan of items) for (const protection of protections) counts[protection] += plan.counts[protection];
  return { counts, storedBytes: items.reduce((sum, { storedBytes }) => sum + storedBytes, 0), plans: items };
}

interface PlanRow {
  plan: string;
  title: string;
  next_at: string | null;
  is_new: boolean;
  paused_at: string | null;
  pause_reason: string | null;
  paused_by: string | null;
  rpo_minutes: number;
}

interface FleetRow {
  run_id: string;
  plan: string;
  cause: FleetBackup['cause'];
  state: FleetBackup['state'];
  due_at: string;
  window_seconds: number;
  finished_at: string | null;
  tenants: FleetBackup['tenants'];
}

async function latestRuns(em: Sql): Promise<Map<string, FleetBackup>> {
  const found = await rows<FleetRow>(em)`
    select distinct on (f.plan) f.run_id, f.plan, f.cause, r.state, f.due_at, f.window_seconds, r.finished_at, (
      select jsonb_build_object('pending', count(*) filter (where t.state = 'pending'), 'running', count(*) filter (where t.state = 'running'),
        'done', count(*) filter (where t.state = 'done'), 'failed', count(*) filter (where t.state = 'failed'),
        'passed', count(*) filter (where t.state = 'passed'))
      from fleet_backup_tenants t where t.run_id = f.run_id) as tenants
    from fleet_backups f join runs r on r.id = f.run_id order by f.plan, r.created_at desc`;
  return new Map(
    found.map((row) => [
      row.plan,
      {
        runId: row.run_id,
        plan: row.plan,
        cause: row.cause,
        state: row.state,
        dueAt: isoOf(row.due_at),
        closesAt: new Date(Date.parse(row.due_at) + row.window_seconds * 1_000).toISOString(),
        finishedAt: row.finished_at && isoOf(row.finished_at),
        tenants: row.tenants,
      },
    ]),
  );
}

interface TenantRow {
  id: string;
  name: string;
  slug: string | null;
  plan: string;
  protection: Protection;
  last_at: string | null;
  proven_at: string | null;
  failures: number | null;
  failed_at: string | null;
  failure_code: string | null;
  failure: string | null;
  kept: number;
  stored_bytes: string;
  search_text: string;
}

/** Tenants in reach by name, each with how it is protected. */
export async function listProtectedTenants(em: Sql, query: ProtectionQuery, reach: Reach): Promise<ProtectionPage> {
  const where = [
    isThere,
    withinReach(reach, sql`t.id`),
    ...(query.plan === undefined ? [] : [sql`t.plan = ${query.plan}`]),
    ...(query.protection === undefined ? [] : [sql`${protectionOf} = ${query.protection}`]),
  ];
  if (query.cursor) {
    const after = readCursor(query.cursor, 'text');
    where.push(sql`(t.search_text, t.id) > (${after.value}, ${after.id}::uuid)`);
  }
  const found = await rows<TenantRow>(em)`
    select t.id, t.name, a.slug, t.plan, ${protectionOf} as protection, b.last_at, b.failures, b.failed_at, b.failure_code, b.failure,
      k.proven_at, k.kept, k.stored_bytes::text, t.search_text
    from ${withProtection}
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    cross join lateral (
      select max(proven_at) as proven_at, count(*) filter (where state = 'kept')::int as kept,
        coalesce(sum(stored_bytes) filter (where state = 'kept'), 0) as stored_bytes
      from backups where tenant_id = t.id) k
    where ${sql.join(where, sql` and `)} order by t.search_text, t.id limit ${query.limit + 1}`;
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    items: shown.map((row) => ({
      tenantId: row.id,
      name: row.name,
      slug: row.slug,
      plan: row.plan,
      protection: row.protection,
      lastAt: row.last_at && isoOf(row.last_at),
      provenAt: row.proven_at && isoOf(row.proven_at),
      failure: failureOf(row),
      kept: row.kept,
      storedBytes: Number(row.stored_bytes),
    })),
    nextCursor: last && found.length > query.limit ? writeCursor(last.search_text, last.id) : null,
  };
}
