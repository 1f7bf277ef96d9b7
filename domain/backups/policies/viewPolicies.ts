import { usualBackupRules, type BackupPolicy, type BackupRules, type Paused } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { registryTime, rows } from '../../sql.ts';
import { nextWindow } from './windows.ts';

interface Row {
  plan: string;
  title: string;
  created_at: string;
  version: number | null;
  rules: BackupRules | null;
  next_at: string | null;
  paused_at: string | null;
  paused_by: string | null;
  pause_reason: string | null;
  updated_at: string | null;
}

/** What each plan promises, by name. */
export async function listPolicies(em: Sql, plan: string | null = null): Promise<BackupPolicy[]> {
  const found = await rows<Row>(em)`
    select l.name as plan, l.title, l.created_at, p.version, p.rules, p.next_at, p.paused_at, u.email as paused_by, p.pause_reason, p.updated_at
    from plans l left join backup_policies p on p.plan = l.name
    left join users u on u.id = p.paused_by and u.tenant_id is null
    where ${plan}::text is null or l.name = ${plan} order by l.name`;
  const now = new Date(await registryTime(em));
  return found.map((row) => ({
    plan: row.plan,
    title: row.title,
    version: row.version ?? 1,
    rules: row.rules ?? usualBackupRules,
    // Of a plan that nobody spoke of, until the schedule has come by.
    nextAt: row.rules ? row.next_at && isoOf(row.next_at) : nextWindow(usualBackupRules, now).toISOString(),
    paused: pausedOf(row),
    updatedAt: isoOf(row.updated_at ?? row.created_at),
  }));
}

/** Refuses with `not_found`. */
export async function viewPolicy(em: Sql, plan: string): Promise<BackupPolicy> {
  const [policy] = await listPolicies(em, plan);
  if (!policy) throw new DomainError('not_found', `There is no plan "${plan}".`);
  return policy;
}

export const pausedOf = (row: {
  paused_at: string | null;
  paused_by: string | null;
  pause_reason: string | null;
}): Paused | null =>
  row.paused_at === null ? null : { at: isoOf(row.paused_at), by: row.paused_by, reason: row.pause_reason ?? '' };
