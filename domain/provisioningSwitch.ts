import type { ProvisioningState, ProvisioningSwitch } from '#contracts/platform.ts';
import type { Sql } from './database.ts';
import { appendEvent, type Actor } from './events/appendEvent.ts';
import { rows } from './sql.ts';

/**
 * Pauses provisioning on the whole platform, or lets it go on: while it is paused runs are accepted, wait before their next step,
 * and go on by themselves afterwards. Removals are not held.
 */
export async function switchProvisioning(em: Sql, { paused, reason }: ProvisioningSwitch, actor: Actor): Promise<void> {
  const changed = await rows(em)`
    insert into switches as switch (name, paused, reason, actor_id)
    values ('provisioning', ${paused}, ${paused ? (reason ?? null) : null}, ${actor.userId})
    on conflict (name) do update set paused = excluded.paused, reason = excluded.reason, actor_id = excluded.actor_id, changed_at = now()
      where (switch.paused, switch.reason) is distinct from (excluded.paused, excluded.reason)
    returning name`;
  if (changed.length === 0) return;
  const type = paused ? 'provisioning.paused' : 'provisioning.resumed';
  await appendEvent(em, { stream: 'platform:provisioning', type, tenantId: null }, actor);
}

/** Whether provisioning is held, by whom, and which providers are cut off because they failed for several tenants. */
export async function viewProvisioning(em: Sql): Promise<ProvisioningState> {
  const [pause] = await rows<{ reason: string | null; since: string; email: string | null }>(em)`
    select s.reason, s.changed_at as since, u.email from switches s left join users u on u.id = s.actor_id and u.tenant_id is null
    where s.name = 'provisioning' and s.paused`;
  const circuits = await rows<{
    provider: string;
    since: string;
    retry_at: string;
    reason: string | null;
    waiting: number;
  }>(em)`
    select provider, opened_at as since, retry_at, reason,
      (select count(*)::int from runs where held_by = 'circuit:' || provider) as waiting
    from circuits where state <> 'closed' order by opened_at`;
  const iso = (time: string): string => new Date(time).toISOString();
  return {
    paused: pause ? { reason: pause.reason, since: iso(pause.since), by: pause.email } : null,
    circuits: circuits.map(({ provider, since, retry_at, reason, waiting }) => ({
      provider,
      since: iso(since),
      retryAt: iso(retry_at),
      reason,
      waiting,
    })),
  };
}
