import { DomainError } from '#contracts/errors.ts';
import type { OwnershipAnswer, OwnershipQuestion } from '#contracts/life/ownership.ts';
import type { Sql } from '../database.ts';
import { theSystem, type Actor } from '../events/appendEvent.ts';
import { isoOf } from '../isoOf.ts';
import type { Platform } from '../platform.ts';
import { hashOfToken } from '../secrets/tokens.ts';
import { rows } from '../sql.ts';
import { openConcerned, tellOfOwnership, type OwnershipRow, type Side } from './ownershipRow.ts';

type Found = OwnershipRow & {
  side: Side;
  workflow_id: string;
  is_late: boolean;
  slug: string | null;
  tenant_name: string;
};

/** What the link is about. Refuses with `link_invalid`, which does not tell why. */
export async function viewQuestion(em: Sql, platform: Platform, token: string): Promise<OwnershipQuestion> {
  const row = await byToken(em, token);
  const people = await openConcerned(platform.tenantKeys, row);
  if (!people) throw invalid();
  return {
    as: row.side,
    tenantName: row.tenant_name,
    slug: row.slug,
    state: row.state,
    to: people.to,
    from: people.from,
    oldStaysAdmin: row.old_stays_admin,
    expiresAt: row.expires_at && isoOf(row.expires_at),
    may: { answer: mayAnswer(row) },
  };
}

/**
 * What somebody says by their link. The workflow is to be woken afterwards; it looks by itself too.
 * Refuses with `link_invalid`, `ownership_over` (answered, late, taken back).
 *
 * @returns the workflow
 */
export async function answerByLink(
  em: Sql,
  { token, answer }: OwnershipAnswer,
  by: Actor,
): Promise<{ workflowId: string }> {
  const row = await byToken(em, token);
  const actor: Actor = { ...theSystem, requestId: by.requestId, onBehalfOf: row.side };
  return writeAnswer(em, row, answer, actor);
}

/** The same by who is signed in at the tenant's portal. Refuses with `not_found` who is not asked. */
export async function answerAtPortal(
  em: Sql,
  { tenantId, userId, answer }: { tenantId: string; userId: string; answer: OwnershipAnswer['answer'] },
  actor: Actor,
): Promise<{ workflowId: string }> {
  const [row] = await rows<Found>(em)`
    select c.*, case when c.to_member = ${userId} then 'new_owner' else 'old_owner' end as side, r.workflow_id,
      coalesce(c.expires_at <= now(), true) or r.cancel_requested_at is not null as is_late
    from ownership_changes c join runs r on r.id = c.run_id
    where c.tenant_id = ${tenantId} and c.state in ('asked', 'agreed')
      and (c.to_member = ${userId} or c.from_member = ${userId} and c.needs_confirmation)
    for update of c`;
  if (!row) throw new DomainError('not_found', 'You are asked nothing.');
  return writeAnswer(em, row, answer, actor);
}

async function writeAnswer(
  em: Sql,
  row: Found,
  answer: OwnershipAnswer['answer'],
  actor: Actor,
): Promise<{ workflowId: string }> {
  if (!mayAnswer(row)) throw new DomainError('ownership_over', endings[row.state]);
  if (answer === 'decline') {
    await rows(em)`
      update ownership_changes set state = 'declined', ended_at = now() where id = ${row.id}`;
    await tellOfOwnership(em, row, 'declined', actor);
    return { workflowId: row.workflow_id };
  }
  const isNew = row.side === 'new_owner';
  await rows(em)`
    update ownership_changes set
      consented_at = case when ${isNew} then now() else consented_at end,
      confirmed_at = case when ${isNew} then confirmed_at else now() end,
      state = case when ${isNew ? !row.needs_confirmation || row.confirmed_at !== null : row.consented_at !== null}
        then 'agreed' else state end
    where id = ${row.id}`;
  await tellOfOwnership(em, row, isNew ? 'consented' : 'confirmed', actor);
  return { workflowId: row.workflow_id };
}

async function byToken(em: Sql, token: string): Promise<Found> {
  const hash = hashOfToken(token);
  const [row] = await rows<Found>(em)`
    select c.*, case when c.consent_hash = ${hash} then 'new_owner' else 'old_owner' end as side, r.workflow_id,
      coalesce(c.expires_at <= now(), true) or r.cancel_requested_at is not null as is_late,
      t.name as tenant_name, (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from ownership_changes c join runs r on r.id = c.run_id join tenants t on t.id = c.tenant_id
    where c.consent_hash = ${hash} or c.confirmation_hash = ${hash} for update of c`;
  if (!row) throw invalid();
  return row;
}

/** Until it has ended; the workflow's clock says when it is late, and writes so. */
const mayAnswer = ({ state, side, consented_at, confirmed_at, is_late }: Found): boolean =>
  state === 'asked' && !is_late && (side === 'new_owner' ? consented_at : confirmed_at) === null;

const invalid = (): DomainError => new DomainError('link_invalid', 'This link is not valid, or not any more.');

const endings: Record<OwnershipRow['state'], string> = {
  asked: 'You have answered already, or it was just taken back.',
  agreed: 'You have answered already.',
  done: 'The tenant was handed over.',
  declined: 'It was declined. Nothing has changed.',
  expired: 'The question has expired. Nothing has changed.',
  withdrawn: 'It was taken back. Nothing has changed.',
};
