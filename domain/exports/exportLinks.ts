import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { ExportOffer } from '#contracts/offboarding/offboarding.ts';
import type { Sql } from '../database.ts';
import { appendEvent, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import { refuseUnknownTenant } from '../offboarding/offboardingRow.ts';
import { hashOfToken, newToken, tokenIsWellFormed } from '../secrets/tokens.ts';
import { rows } from '../sql.ts';

/** A ticket is for the request that follows at once. */
const ticketSeconds = 60;

export const exportUrlOf = (publicUrl: string, token: string): string => `${publicUrl}/export#${token}`;

/**
 * Makes the one link by which an export is fetched from now on, until the offboarding can be undone no more; earlier ones end. Call
 * inside a transaction. Refuses with `not_found`, `export_gone`.
 */
export async function makeExportLink(
  em: Sql,
  tenantId: string,
  actor: Actor,
): Promise<{ token: string; expiresAt: string }> {
  await refuseUnknownTenant(em, tenantId);
  const offer = await lockOffer(em, tenantId);
  if (!offer) throw new DomainError('export_gone', 'There is no verified export of this tenant to be fetched.');
  const token = newToken('export');
  await rows(em)`
    update export_links set revoked_at = clock_timestamp() where export_id = ${offer.exportId} and revoked_at is null`;
  const expiresAt = isoOf(offer.until);
  await rows(em)`
    insert into export_links (id, export_id, token_hash, created_by, expires_at)
    values (${newId()}, ${offer.exportId}, ${hashOfToken(token)}, ${actor.userId}, ${expiresAt})`;
  await tell(em, { tenantId, exportId: offer.exportId }, 'link_made', actor, { expiresAt });
  return { token, expiresAt };
}

/** Refuses with `not_found` when there is no good one. */
export async function revokeExportLink(em: Sql, tenantId: string, actor: Actor): Promise<void> {
  const revoked = await rows<{ export_id: string }>(em)`
    update export_links l set revoked_at = clock_timestamp() from tenant_exports e
    where e.id = l.export_id and e.tenant_id = ${tenantId} and l.revoked_at is null and l.expires_at > now()
    returning l.export_id`;
  if (!revoked[0]) throw new DomainError('not_found', 'There is no link that could be revoked.');
  await tell(em, { tenantId, exportId: revoked[0].export_id }, 'link_revoked', actor);
}

async function lockOffer(em: Sql, tenantId: string): Promise<{ exportId: string; until: string } | null> {
  const [offer] = await rows<{ exportId: string; until: string }>(em)`
    select e.id as "exportId", coalesce(o.grace_ends_at, now() + make_interval(days => o.grace_days)) as until
    from offboardings o join tenant_exports e on e.run_id = o.run_id
    where o.tenant_id = ${tenantId} and o.closed_at is null and o.erasing_at is null
      and e.verified_at is not null and e.removed_at is null
    order by e.created_at desc limit 1 for update of e`;
  return offer ?? null;
}

interface GoodLink {
  linkId: string;
  exportId: string;
  tenantId: string;
  tenant: string;
  createdAt: string;
  expiresAt: string;
  files: number;
  rows: string;
  bytes: string;
  manifestDigest: Buffer;
}

/** Refuses with `export_link_invalid`: unknown, too late, revoked, or of an export that is gone; nobody is told which. */
async function goodLink(em: Sql, token: string): Promise<GoodLink> {
  const [link] = tokenIsWellFormed('export', token)
    ? await rows<GoodLink>(em)`
        select l.id as "linkId", e.id as "exportId", t.id as "tenantId", t.name as tenant, e.created_at as "createdAt",
               l.expires_at as "expiresAt", e.files, e.rows::text, e.bytes::text, e.manifest_digest as "manifestDigest"
        from export_links l join tenant_exports e on e.id = l.export_id join tenants t on t.id = e.tenant_id
        where l.token_hash = ${hashOfToken(token)} and l.revoked_at is null and l.expires_at > now()
          and e.removed_at is null and e.verified_at is not null`
    : [];
  if (!link) throw new DomainError('export_link_invalid', 'This link is not valid, or not any more. Ask for another.');
  return link;
}

/** What the link gives. Refuses with `export_link_invalid`. */
export async function readOffer(em: Sql, token: string): Promise<ExportOffer> {
  const link = await goodLink(em, token);
  return {
    tenant: link.tenant,
    createdAt: isoOf(link.createdAt),
    expiresAt: isoOf(link.expiresAt),
    files: link.files,
    rows: Number(link.rows),
    bytes: Number(link.bytes),
    manifest: link.manifestDigest.toString('hex'),
  };
}

/** A ticket for one download, which may stand in an address: it is good once, for a minute. Refuses with `export_link_invalid`. */
export async function makeTicket(em: Sql, token: string, actor: Actor): Promise<string> {
  const { linkId, exportId, tenantId } = await goodLink(em, token);
  const ticket = newToken('export');
  await rows(em)`
    insert into export_downloads (id, link_id, ticket_hash) values (${newId()}, ${linkId}, ${hashOfToken(ticket)})`;
  await tell(em, { tenantId, exportId }, 'download_asked', actor);
  return ticket;
}

export interface Download {
  id: string;
  exportId: string;
  tenantId: string;
  createdAt: string;
  manifestDigest: Buffer;
}

/** Takes a ticket, once. Refuses with `not_found`. */
export async function takeTicket(em: Sql, ticket: string): Promise<Download> {
  const [taken] = tokenIsWellFormed('export', ticket)
    ? await rows<Download>(em)`
        update export_downloads d set begun_at = clock_timestamp()
        from export_links l join tenant_exports e on e.id = l.export_id
        where l.id = d.link_id and d.ticket_hash = ${hashOfToken(ticket)} and d.begun_at is null
          and d.created_at > now() - make_interval(secs => ${ticketSeconds}::int)
          and l.revoked_at is null and l.expires_at > now() and e.removed_at is null
        returning d.id, e.id as "exportId", e.tenant_id as "tenantId", e.created_at as "createdAt",
                  e.manifest_digest as "manifestDigest"`
    : [];
  if (!taken)
    throw new DomainError('not_found', 'There is no such download, or it was begun already. Ask for another.');
  return taken;
}

/** Only what was fetched to its end counts. */
export const markDownloaded = async (em: Sql, { id, tenantId, exportId }: Download, actor: Actor): Promise<void> =>
  em.transactional(async (tx) => {
    await rows(
      tx,
    )`update export_downloads set finished_at = clock_timestamp() where id = ${id} and finished_at is null`;
    await tell(tx, { tenantId, exportId }, 'downloaded', actor);
  });

async function tell(
  em: Sql,
  { tenantId, exportId }: { tenantId: string; exportId: string },
  what: string,
  actor: Actor,
  data: Record<string, unknown> = {},
): Promise<void> {
  await rows(em)`select 1 from tenant_exports where id = ${exportId} for update`; // the stream's row
  await appendEvent(em, { stream: `export:${exportId}`, type: `export.${what}`, tenantId, data }, actor);
}
