import type { BackupRules } from '#contracts/backups/policies.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { json, registryTime, rows } from '../../sql.ts';
import { nextWindow } from './windows.ts';

export interface PolicyRow {
  plan: string;
  version: number;
  rules: BackupRules;
  next_at: string | null;
  paused_at: string | null;
  pause_reason: string | null;
}

/** Plans that nobody spoke of promise what is usual, from now on. */
export async function writeMissingPolicies(em: Sql, now: Date): Promise<void> {
  await rows(em)`
    insert into backup_policies (plan, rules, next_at)
    select name, ${json(usualBackupRules)}::jsonb, ${nextWindow(usualBackupRules, now).toISOString()}::timestamptz from plans
    where not exists (select 1 from backup_policies p where p.plan = plans.name)
    on conflict do nothing`;
}

/** What a plan promises, its row held until the end of the transaction. Refuses with `not_found`. */
export async function lockPolicy(em: Sql, plan: string): Promise<PolicyRow> {
  await writeMissingPolicies(em, new Date(await registryTime(em)));
  const [row] = await rows<PolicyRow>(em)`
    select plan, version, rules, next_at, paused_at, pause_reason from backup_policies where plan = ${plan} for update`;
  if (!row) throw new DomainError('not_found', `There is no plan "${plan}".`);
  return row;
}

/** What a plan promises. */
export async function rulesOf(em: Sql, plan: string): Promise<BackupRules> {
  const [row] = await rows<{ rules: BackupRules }>(em)`select rules from backup_policies where plan = ${plan}`;
  return row?.rules ?? usualBackupRules;
}
