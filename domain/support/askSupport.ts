import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { NewSupportAccess } from '#contracts/support/supportAccess.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import type { Platform } from '../platform.ts';
import { json, rows } from '../sql.ts';
import { openTask } from '../tasks/openTask.ts';
import { adminOf } from '../tenants/viewTenant.ts';
import { tellOfAccess, type AccessRow } from './accessRow.ts';
import { closeOverdue } from './closeOverdue.ts';
import { mailOfBreakGlass, mailOfConsent } from './supportMails.ts';
import { hashOfToken } from '../secrets/tokens.ts';

const answerWithinHours = 72;

/**
 * Asks the tenant's administrator, by a link in a mail, to let this person in. Refuses with `not_found`, `tenant_not_active`,
 * `support_too_long`, `support_nobody_to_ask`, `support_open`.
 */
export async function askForConsent(
  em: Sql,
  platform: Platform,
  wanted: NewSupportAccess,
  personId: string,
  actor: Actor,
): Promise<string> {
  refuseTooLong(wanted.minutes, platform.configuration.support.consentMinutes);
  const tenant = await findTenant(em, platform, wanted.tenantId);
  if (!tenant.admin)
    throw new DomainError(
      'support_nobody_to_ask',
      'No administrator is named who could consent. Name one, or break the glass.',
    );
  if (await hasNamedTheAdmin(em, wanted.tenantId, personId))
    throw new DomainError(
      'support_nobody_to_ask',
      'You named this administrator yourself: nobody asks themselves. Let somebody else ask, or break the glass.',
    );
  const [id, token] = [newId(), randomBytes(24).toString('base64url')];
  const row = await insert(em, platform, { id, ...wanted, kind: 'consent', personId, token, actingAs: tenant.admin });
  await tellOfAccess(em, row, 'asked', actor, { minutes: wanted.minutes });
  await mailOfConsent(em, platform, { ...wanted, tenant, personId, token, answerWithinHours });
  return id;
}

/**
 * Lets this person in without being asked: for a shorter time, with a reason that the tenant reads, and not in silence: a task for those
 * who look after the platform, and a mail to the tenant's administrator by which it is ended.
 * Refuses with `not_found`, `tenant_not_active`, `support_too_long`, `support_open`.
 */
export async function breakGlass(
  em: Sql,
  platform: Platform,
  wanted: NewSupportAccess,
  personId: string,
  actor: Actor,
): Promise<string> {
  refuseTooLong(wanted.minutes, platform.configuration.support.breakGlassMinutes);
  const tenant = await findTenant(em, platform, wanted.tenantId);
  const [id, token] = [newId(), randomBytes(24).toString('base64url')];
  const row = await insert(em, platform, {
    id,
    ...wanted,
    kind: 'break_glass',
    personId,
    token,
    actingAs: tenant.admin,
  });
  await tellOfAccess(em, row, 'glass_broken', actor, { minutes: wanted.minutes });
  await openTask(
    em,
    {
      kind: 'support_access',
      runId: null,
      tenantId: wanted.tenantId,
      subjectId: id,
      title: 'A tenant was entered without its consent',
      reason: {
        code: 'glass_broken',
        text: `For ${wanted.minutes} minutes at most. Look at the reason and at what was done, and close this with a note.`,
      },
    },
    actor,
  );
  if (tenant.admin) await mailOfBreakGlass(em, platform, { ...wanted, tenant, personId, token });
  return id;
}

function refuseTooLong(minutes: number, longest: number): void {
  if (minutes <= longest) return;
  throw new DomainError('support_too_long', `Not longer than ${longest} minutes.`, {
    fields: [{ path: 'minutes', message: `must be at most ${longest}` }],
  });
}

/** Whether it was this person who last changed who the administrator is: to a mailbox of their own, it may be. */
async function hasNamedTheAdmin(em: Sql, tenantId: string, personId: string): Promise<boolean> {
  const [named] = await rows<{ actor_id: string | null }>(em)`
    select actor_id from events
    where stream = ${`tenant:${tenantId}`} and type = 'tenant.changed' and data -> 'fields' ? 'admin'
    order by version desc limit 1`;
  return named?.actor_id === personId;
}

export interface SupportedTenant {
  name: string;
  slug: string;
  admin: { email: string; name: string | null } | null;
}

async function findTenant(em: Sql, { tenantKeys }: Platform, tenantId: string): Promise<SupportedTenant> {
  const [tenant] = await rows<{ name: string; state: string; slug: string | null; admin_sealed: Buffer | null }>(em)`
    select t.name, t.state, t.admin_sealed, a.slug from tenants t
    left join tenant_addresses a on a.tenant_id = t.id and a.state = 'current' where t.id = ${tenantId} for share of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state !== 'active' || tenant.slug === null)
    throw new DomainError('tenant_not_active', 'Only an active tenant can be entered.');
  const admin = await adminOf(tenantKeys, { id: tenantId, adminSealed: tenant.admin_sealed });
  return { name: tenant.name, slug: tenant.slug, admin };
}

async function insert(
  em: Sql,
  { tenantKeys }: Platform,
  access: NewSupportAccess & {
    id: string;
    kind: AccessRow['kind'];
    personId: string;
    token: string;
    actingAs: SupportedTenant['admin'];
  },
): Promise<AccessRow> {
  const { id, tenantId, personId, kind, minutes } = access;
  await closeOverdue(em, { tenantId, personId });
  const runs = kind === 'break_glass';
  const actingAs = access.actingAs
    ? await tenantKeys.sealFor(tenantId, json(access.actingAs), contextOf(id, 'acting-as'))
    : null;
  const [row] = await rows<AccessRow>(em)`
    insert into support_accesses (id, tenant_id, person_id, kind, state, minutes, token_hash, sealed_reason, sealed_acting_as,
                                  answer_until, ends_at)
    values (${id}, ${tenantId}, ${personId}, ${kind}, ${runs ? 'running' : 'asked'}, ${minutes},
            ${hashOfToken(access.token)}, ${await tenantKeys.sealFor(tenantId, access.reason, contextOf(id, 'reason'))},
            ${actingAs}::bytea,
            case when ${runs}::boolean then null else now() + make_interval(hours => ${answerWithinHours}::int) end,
            case when ${runs}::boolean then now() + make_interval(mins => ${minutes}::int) end)
    on conflict (tenant_id, person_id) where state in ('asked', 'running') do nothing
    returning id, tenant_id, person_id, kind, state, minutes, sealed_acting_as`;
  if (!row)
    throw new DomainError('support_open', 'You have asked for this tenant already, or are let in. End that first.');
  return row;
}

export const contextOf = (id: string, what: 'reason' | 'acting-as'): string => `support/${id}/${what}`;
