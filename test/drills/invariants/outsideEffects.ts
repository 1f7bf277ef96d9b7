import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import type { Breach } from '../drill.ts';
import type { Ground } from '../ground.ts';

/** I3: each invitation reached its inbox under one id, from one run, and the doors of a tenant opened once, and once after each time that they closed. */
export async function effectsRepeat(ground: Ground): Promise<Breach[]> {
  const deliveries = await ground.ask<{ id: string; tenant_id: string; state: string }>(
    `select id, tenant_id, state from runs where kind = 'deliverInvitation'`,
  );
  const doors = await ground.ask<{ stream: string; count: number }>(
    `select stream, (count(*) filter (where type = 'tenant.active'))::int as count from events where stream like 'tenant:%'
     group by stream having count(*) filter (where type = 'tenant.active')
       > 1 + count(*) filter (where type in ('tenant.suspended', 'tenant.offboarding'))`,
  );
  const breaches: Breach[] = doors.map(({ stream, count }) => ({
    rule: 'I3',
    what: `the doors of ${stream} opened ${count} times`,
  }));
  const delivered = new Map<string, Set<string>>();
  const invitations = ground.inbox.received.filter(({ text }) => /^subject: .* is ready\r?$/im.test(text));
  for (const { to, messageId } of invitations) delivered.set(to, (delivered.get(to) ?? new Set()).add(messageId));
  for (const { tenantId, email } of ground.acknowledged) {
    const runs = deliveries.filter(({ tenant_id }) => tenant_id === tenantId);
    const ids = delivered.get(email ?? '') ?? new Set();
    if (runs.length > 1) breaches.push({ rule: 'I3', what: `tenant ${tenantId} has ${runs.length} deliveries` });
    if (ids.size > 1) breaches.push({ rule: 'I3', what: `${email} got ${ids.size} different invitations` });
    const [run] = runs;
    if (run?.state === 'succeeded' && email && ids.size === 0) {
      const skipped = await ground.ask(`select 1 from run_steps where run_id = $1 and state = 'skipped'`, [run.id]);
      if (skipped.length === 0)
        breaches.push({ rule: 'I3', what: `${email} was never invited, and ${run.id} succeeded` });
    }
  }
  return breaches;
}

/** How many mails an inbox got more than once under the same id: duplicates that a receiver can tell. */
export const repeatedMails = ({ inbox }: Ground): number =>
  inbox.received.length - new Set(inbox.received.map(({ messageId, to }) => `${messageId} ${to}`)).size;

/** I4: whatever was acknowledged is there; of who was erased, what an erasure leaves. */
export async function writesAreLost(ground: Ground): Promise<Breach[]> {
  const rows = await ground.ask<{ id: string; name: string; state: string; run_id: string | null }>(
    `select t.id, t.name, t.state, r.id as run_id from tenants t left join runs r on r.id = any($1) and r.tenant_id = t.id`,
    [ground.acknowledged.map(({ runId }) => runId)],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ground.acknowledged.flatMap(({ tenantId, runId, name }) => {
    const row = found.get(tenantId);
    return row && (row.name === name || row.state === 'erased') && row.run_id === runId
      ? []
      : [{ rule: 'I4', what: `tenant ${tenantId} was acknowledged and is lost (${row ? row.name : 'no row'})` }];
  });
}

/** I5: in what is kept for a tenant, and sent to it, stands no other tenant's canary, nor the name of its schema or bucket. */
export async function canariesStray(ground: Ground): Promise<Breach[]> {
  const kept = await ground.ask<{ tenant_id: string; text: string }>(`
    select tenant_id, string_agg(text, ' ') as text from (
      select tenant_id, r::text as text from resources r
      union all select tenant_id, r::text from runs r
      union all select r.tenant_id, s::text from run_steps s join runs r on r.id = s.run_id
      union all select tenant_id, e::text from events e
      union all select tenant_id, r::text from realms r
      union all select tenant_id, a::text from tenant_addresses a
    ) of_tenants where tenant_id is not null group by tenant_id`);
  const ownerOf = new Map<string, string>();
  for (const { tenantId, canary } of ground.acknowledged)
    for (const word of [canary, schemaNameOf(tenantId), bucketNameOf(tenantId)]) ownerOf.set(word, tenantId);
  const words = /canary-[0-9a-f]{12}|t[_-][0-9a-hjkmnp-tv-z]{26}/g;
  const strays = (tenantId: string, text: string): string[] =>
    [...new Set(text.match(words))].filter((word) => (ownerOf.get(word) ?? tenantId) !== tenantId);
  const tenantOfMail = new Map(ground.acknowledged.map(({ email, tenantId }) => [email, tenantId]));
  // Who is asked to own a tenant is named after it.
  const tenantOf = (to: string): string => tenantOfMail.get(to) ?? /^owner\.([0-9a-f-]{36})@/.exec(to)?.[1] ?? '';
  return [
    ...kept.flatMap(({ tenant_id, text }) =>
      strays(tenant_id, text).map((word) => ({ rule: 'I5', what: `what is kept for ${tenant_id} holds ${word}` })),
    ),
    ...ground.inbox.received.flatMap(({ to, text }) =>
      strays(tenantOf(to), text).map((word) => ({ rule: 'I5', what: `a mail to ${to} holds ${word}` })),
    ),
  ];
}
