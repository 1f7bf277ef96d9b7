import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { IssuedWorkerToken, NewWorkerToken, WorkerToken } from '#contracts/outside/workerTokens.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { hashOfToken, newToken, tokenIsWellFormed } from '../secrets/tokens.ts';
import { rows } from '../sql.ts';
import { isoOf } from '../isoOf.ts';

/** A worker of the SaaS team, as its token tells. */
export interface TokenHolder {
  tokenId: string;
  taskQueue: string;
}

interface Row {
  id: string;
  name: string;
  task_queue: string;
  hint: string;
  created_at: Date;
  created_by: string | null;
  expires_at: Date;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

/** The newest first; those that ended long ago are left out. */
export async function listWorkerTokens(em: Sql): Promise<WorkerToken[]> {
  const found = await rows<Row>(em)`
    select t.id, t.name, t.task_queue, t.hint, t.created_at, u.email as created_by, t.expires_at, t.last_used_at, t.revoked_at
    from worker_tokens t left join users u on u.id = t.created_by and u.tenant_id is null
    where least(t.expires_at, t.revoked_at) > now() - interval '90 days' order by t.id desc`;
  return found.map(view);
}

/** The token itself is in the answer and nowhere else: the registry keeps its digest. */
export async function issueWorkerToken(em: Sql, wanted: NewWorkerToken, actor: Actor): Promise<IssuedWorkerToken> {
  const [id, token] = [newId(), newToken('worker')];
  await rows(em)`
    insert into worker_tokens (id, name, task_queue, token_hash, hint, created_by, expires_at)
    values (${id}, ${wanted.name}, ${wanted.taskQueue}, ${hashOfToken(token)}, ${token.slice(-4)}, ${actor.userId},
            now() + make_interval(days => ${wanted.days}))`;
  await tell(em, id, 'worker_token.issued', { taskQueue: wanted.taskQueue, days: wanted.days }, actor);
  const issued = (await listWorkerTokens(em)).find((one) => one.id === id);
  if (!issued) throw new Error('a token that was just issued is not there');
  return { ...issued, token };
}

/** From then on it opens nothing. Revoking twice is revoking once. Refuses with `not_found`. */
export async function revokeWorkerToken(em: Sql, tokenId: string, actor: Actor): Promise<void> {
  const [found] = await rows<{ revoked_at: Date | null }>(em)`
    select revoked_at from worker_tokens where id = ${tokenId} for update`;
  if (!found) throw new DomainError('not_found', 'There is no such token.');
  if (found.revoked_at) return;
  await rows(em)`update worker_tokens set revoked_at = now(), revoked_by = ${actor.userId} where id = ${tokenId}`;
  await tell(em, tokenId, 'worker_token.revoked', {}, actor);
}

/** Whose token this is; null when it is none, expired or revoked. Its use is noted once a minute. */
export async function findTokenHolder(em: Sql, token: string): Promise<TokenHolder | null> {
  if (!tokenIsWellFormed('worker', token)) return null;
  const [found] = await rows<{ id: string; task_queue: string; stale: boolean }>(em)`
    select id, task_queue, last_used_at is null or last_used_at < now() - interval '1 minute' as stale
    from worker_tokens where token_hash = ${hashOfToken(token)} and revoked_at is null and expires_at > now()`;
  if (!found) return null;
  if (found.stale) await rows(em)`update worker_tokens set last_used_at = now() where id = ${found.id}`;
  return { tokenId: found.id, taskQueue: found.task_queue };
}

/**
 * Whether this queue's workers serve a step of this run, which is not over: for nothing else may they seal. The outcome of an undo
 * that a run leaves to the next one is sealed for that one.
 */
export async function queueServesRun(em: Sql, taskQueue: string, workflowId: string): Promise<boolean> {
  const found = await rows(em)`
    select 1 from runs r
    where r.workflow_id = ${workflowId} and r.state not in ('succeeded', 'rolled_back', 'cancelled', 'needs_attention') and (
      exists (select 1 from run_steps s where s.run_id = r.id and s.kind = 'custom' and s.spec->>'taskQueue' = ${taskQueue})
      or exists (
        select 1 from runbook_executions e join runbook_versions v on v.name = e.runbook and v.version = e.version
        where e.run_id = r.id and jsonb_path_exists(v.definition, '$.steps.** ? (@.kind == "custom" && @.taskQueue == $queue)',
          jsonb_build_object('queue', ${taskQueue}::text))))`;
  return found.length > 0;
}

const tell = (em: Sql, id: string, type: string, data: Record<string, unknown>, actor: Actor): Promise<void> =>
  appendEvent(em, { stream: `platform:worker-token/${id}`, type, tenantId: null, data }, actor);

const view = (row: Row): WorkerToken => ({
  id: row.id,
  name: row.name,
  taskQueue: row.task_queue,
  hint: row.hint,
  createdAt: isoOf(row.created_at),
  createdBy: row.created_by,
  expiresAt: isoOf(row.expires_at),
  lastUsedAt: row.last_used_at && isoOf(row.last_used_at),
  revokedAt: row.revoked_at && isoOf(row.revoked_at),
});
