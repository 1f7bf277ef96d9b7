import { DomainError } from '#contracts/errors.ts';
import type { Consent, ConsentAnswer, SupportEnding, SupportState } from '#contracts/support/supportAccess.ts';
import type { Sql } from '../database.ts';
import { theSystem, type Actor } from '../events/appendEvent.ts';
import type { Platform } from '../platform.ts';
import { rows } from '../sql.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { endAccess, lockAccess, onBehalfOfAdministrator, tellOfAccess, type AccessRow } from './accessRow.ts';
import { contextOf } from './askSupport.ts';
import { hashOfToken } from '../secrets/tokens.ts';

/**
 * What the tenant's administrator says by the link of the mail: allow or refuse once, and end it at any time. Returns the epoch to
 * announce when something was taken away. Refuses with `support_link_invalid`, `support_over`.
 */
export async function answerConsent(
  em: Sql,
  platform: Platform,
  { token, answer }: ConsentAnswer,
  by: Actor,
): Promise<number | null> {
  const row = await lockAccess(em, { tokenHash: hashOfToken(token) }).catch((error: unknown) => {
    throw error instanceof DomainError ? linkIsNone() : error;
  });
  await refuseFormerAdmin(em, platform, row);
  const actor: Actor = {
    ...theSystem,
    requestId: by.requestId,
    origin: by.origin ?? null,
    onBehalfOf: onBehalfOfAdministrator(row.tenant_id),
  };
  if (answer === 'revoke') {
    if (row.state !== 'running') throw over(row.state);
    return endAccess(em, row, 'tenant', actor);
  }
  if (row.state !== 'asked') throw over(row.state);
  if (answer === 'refuse') {
    await rows(
      em,
    )`update support_accesses set state = 'refused', answered_at = now(), ended_at = now() where id = ${row.id}`;
    await tellOfAccess(em, row, 'refused', actor);
    return null;
  }
  await rows(em)`
    update support_accesses set state = 'running', answered_at = now(), ends_at = now() + make_interval(mins => minutes)
    where id = ${row.id}`;
  await tellOfAccess(em, row, 'allowed', actor, { minutes: row.minutes });
  return null;
}

/** What the link is about. Refuses with `support_link_invalid`. */
export async function viewConsent(em: Sql, platform: Platform, token: string): Promise<Consent> {
  const [row] = await rows<
    AccessRow & {
      tenant_name: string;
      slug: string | null;
      email: string;
      name: string | null;
      sealed_reason: Buffer;
      asked_at: string;
      answer_until: string | null;
      ends_at: string | null;
      ended_by: SupportEnding | null;
    }
  >(em)`
    select s.id, s.tenant_id, s.person_id, s.kind, s.minutes, s.sealed_acting_as, s.sealed_reason, s.asked_at, s.answer_until,
           s.ends_at, t.name as tenant_name, a.slug, u.email, u.name,
           case when s.state = 'running' and s.ends_at <= now() then 'time' else s.ended_by end as ended_by,
           case when s.state = 'asked' and s.answer_until <= now() then 'expired'
                when s.state = 'running' and s.ends_at <= now() then 'ended' else s.state end as state
    from support_accesses s join tenants t on t.id = s.tenant_id join users u on u.id = s.person_id and u.tenant_id is null
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current'
    where s.token_hash = ${hashOfToken(token)}`;
  if (!row) throw linkIsNone();
  await refuseFormerAdmin(em, platform, row);
  return {
    tenantName: row.tenant_name,
    slug: row.slug,
    person: { name: row.name, email: row.email },
    kind: row.kind,
    state: row.state,
    reason: await platform.tenantKeys.unsealFor(row.tenant_id, row.sealed_reason, contextOf(row.id, 'reason')),
    minutes: row.minutes,
    askedAt: new Date(row.asked_at).toISOString(),
    answerUntil: row.answer_until && new Date(row.answer_until).toISOString(),
    endsAt: row.ends_at && new Date(row.ends_at).toISOString(),
    endedBy: row.ended_by,
    may: { answer: row.state === 'asked', revoke: row.state === 'running' },
  };
}

/** Who was the administrator when the mail went out and is it no more says nothing for the tenant. */
async function refuseFormerAdmin(em: Sql, { tenantKeys }: Platform, row: AccessRow): Promise<void> {
  const [tenant] = await rows<{ admin_sealed: Buffer | null }>(em)`
    select admin_sealed from tenants where id = ${row.tenant_id}`;
  const now = await adminOf(tenantKeys, { id: row.tenant_id, adminSealed: tenant?.admin_sealed ?? null });
  if (!now || !row.sealed_acting_as) throw linkIsNone();
  const asked = JSON.parse(
    await tenantKeys.unsealFor(row.tenant_id, row.sealed_acting_as, contextOf(row.id, 'acting-as')),
  ) as { email: string };
  if (asked.email !== now.email) throw linkIsNone();
}

const linkIsNone = (): DomainError =>
  new DomainError('support_link_invalid', 'This link is not valid, or not any more.');

const over = (state: SupportState): DomainError => new DomainError('support_over', endings[state]);

const endings: Record<SupportState, string> = {
  asked: 'Nobody is let in yet.',
  running: 'You have answered already.',
  refused: 'You have refused this already.',
  expired: 'The question has expired. Nobody was let in.',
  ended: 'The access is over.',
};
