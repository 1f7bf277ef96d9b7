import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';
import type { ClearedKind } from '../settings/retention.ts';

/** Removes up to `most` of what ended more than `days` ago; fewer removed means that there are no more. */
type Clear = (em: Sql, days: number, most: number) => Promise<number>;

const counted = async (removed: Promise<unknown[]>): Promise<number> => (await removed).length;

/**
 * How each kind is cleared. Rows that somebody writes at this moment are left for another night; nothing here waits for anybody.
 * Ids of runs stay for ever: an unknown run on something outside is proof that the registry lost rows (decision 17).
 */
export const clearings: Record<ClearedKind, Clear> = {
  sessions: (em, days, most) =>
    counted(rows(em)`
      delete from sessions where token_hash in (
        select token_hash from sessions where expires_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`),

  idempotencyKeys: (em, days, most) =>
    counted(rows(em)`
      delete from idempotency_keys where ctid in (
        select ctid from idempotency_keys where created_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`),

  async links(em, days, most) {
    const links = await rows(em)`
      delete from one_time_links where token_hash in (
        select token_hash from one_time_links where expires_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    const setups = await rows(em)`
      delete from setup_links where expires_at < now() - make_interval(days => ${days}::int) returning 1`;
    const steps = await rows(em)`
      delete from sign_in_steps where token_hash in (
        select token_hash from sign_in_steps where expires_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    const challenges = await rows(em)`
      delete from passkey_challenges where challenge_hash in (
        select challenge_hash from passkey_challenges where expires_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    // Whoever never proved their address is forgotten with the link that would have.
    const signUps = await rows(em)`
      delete from sign_ups where id in (
        select id from sign_ups where state = 'asked' and expires_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    return links.length + setups.length + steps.length + challenges.length + signUps.length;
  },

  async mails(em, days, most) {
    const mails = await rows(em)`
      delete from mails where id in (
        select id from mails where state <> 'waiting' and created_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    const notifications = await rows(em)`
      delete from notifications where id in (
        select n.id from notifications n join tasks k on k.id = n.task_id
        where n.state <> 'waiting' and k.closed_at is not null and n.created_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update of n skip locked) returning 1`;
    const notices = await rows(em)`
      delete from notifications where id in (
        select id from notifications where notice is not null and state <> 'waiting' and created_at < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    return mails.length + notifications.length + notices.length;
  },

  async approvals(em, days, most) {
    const old = await rows<{ id: string }>(em)`
      select id from approvals where closed_at < now() - make_interval(days => ${days}::int)
      limit ${most} for update skip locked`;
    const ids = old.map(({ id }) => id);
    await rows(em)`delete from approval_decisions where approval_id = any(${ids}::uuid[])`;
    return counted(rows(em)`delete from approvals where id = any(${ids}::uuid[]) returning 1`);
  },

  async keys(em, days, most) {
    const keys = await rows(em)`
      delete from api_keys where id in (
        select id from api_keys
        where least(expires_at, retires_at, revoked_at) < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    const tokens = await rows(em)`
      delete from worker_tokens where id in (
        select id from worker_tokens where least(expires_at, revoked_at) < now() - make_interval(days => ${days}::int)
        limit ${most} for update skip locked) returning 1`;
    return keys.length + tokens.length;
  },

  /** Names and addresses of people go; which import made how many tenants stays. What never arrived whole goes after a day. */
  async imports(em, days, most) {
    await rows(em)`
      delete from imports where id in (
        select id from imports where state = 'uploading' and created_at < now() - interval '1 day'
        limit ${most} for update skip locked)`;
    const old = await rows<{ id: string }>(em)`
      select id from imports where cleared_at is null and finished_at < now() - make_interval(days => ${days}::int)
      for update skip locked`;
    const ids = old.map(({ id }) => id);
    const lines = await rows(em)`
      delete from import_lines where (import_id, number) in (
        select import_id, number from import_lines where import_id = any(${ids}::uuid[]) limit ${most}) returning 1`;
    if (lines.length < most) await rows(em)`update imports set cleared_at = now() where id = any(${ids}::uuid[])`;
    return lines.length < most ? lines.length : most;
  },

  /** Many and small, and nothing refers to them: more at a time. What they add up to stays. */
  usageEvents: (em, days, most) =>
    counted(rows(em)`
      delete from license_usage_events where (license_id, event) in (
        select license_id, event from license_usage_events where received_at < now() - make_interval(days => ${days}::int)
        limit ${most * 20} for update skip locked) returning 1`),

  /** What the licence's dates still ask for stays: a row is what keeps it from happening again. Events tell for ever what happened. */
  dues: (em, days, most) =>
    counted(rows(em)`
      delete from license_dues where (license_id, kind, days, due_at) in (
        select d.license_id, d.kind, d.days, d.due_at from license_dues d
        where d.settled_at < now() - make_interval(days => ${days}::int) and not exists (
          select 1 from license_wanted_dues w
          where w.license_id = d.license_id and w.kind = d.kind and w.days = d.days and w.due_at = d.due_at)
        limit ${most} for update skip locked) returning 1`),

  runs: clearRuns,
};

/**
 * Of a run that is long over its steps go, with what they were told and answered; the run stays with its kind, outcome and times. The
 * steps of a tenant that is still there stay too: its removal undoes by them what was done outside.
 */
async function clearRuns(em: Sql, days: number, most: number): Promise<number> {
  const old = await rows<{ id: string }>(em)`
    select r.id from runs r left join tenants t on t.id = r.tenant_id
    where r.state in ('succeeded', 'rolled_back', 'cancelled') and r.finished_at < now() - make_interval(days => ${days}::int)
      and (t.id is null or t.state = 'erased' or r.kind in ('checkDrift', 'repairResource', 'removeOrphan'))
      and exists (select 1 from run_steps s where s.run_id = r.id)
    limit ${most} for update of r skip locked`;
  const ids = old.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await rows(em)`update runs set held_step_id = null where id = any(${ids}::uuid[]) and held_step_id is not null`;
  await rows(em)`delete from step_callbacks where run_id = any(${ids}::uuid[])`;
  await rows(em)`delete from decisions where run_id = any(${ids}::uuid[])`;
  await rows(em)`
    delete from step_inputs i using run_steps s where s.id = i.step_id and s.run_id = any(${ids}::uuid[])`;
  await rows(em)`delete from run_progress where run_id = any(${ids}::uuid[])`;
  // What was done stays told; what people wrote about it goes.
  await rows(em)`
    update runbook_timeline set sealed_words = null where run_id = any(${ids}::uuid[]) and sealed_words is not null`;
  await rows(em)`delete from run_steps where run_id = any(${ids}::uuid[])`;
  return ids.length;
}
