import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import type { Actor } from '../events/appendEvent.ts';
import { notReversible, reversibleDays, type OpenedReverse } from '../runs/reversing.ts';
import { addSteps, openRun } from '../runs/openRun.ts';
import { rows } from '../sql.ts';
import { addressTaken } from '../tenants/addresses.ts';

export interface Renaming {
  tenantId: string;
  slug: string;
  redirectDays: number;
}

/**
 * Opens the run that gives a tenant another address, and keeps that address for it. `confirm` must be the present one.
 * Call inside a transaction. Refuses with `not_found`, `tenant_erased`, `tenant_not_active`, `confirmation_mismatch`, `invalid_request` (the same address),
 * `slug_taken`, `run_in_progress`.
 */
export async function openRename(
  em: Sql,
  { confirm, ...renaming }: Renaming & { confirm: string },
  actor: Actor,
): Promise<{ runId: string; tenantId: string; slug: string }> {
  const from = await lockedSlug(em, renaming.tenantId);
  if (confirm !== from)
    throw new DomainError('confirmation_mismatch', "Type the tenant's present address to confirm its change.", {
      fields: [{ path: 'confirm', message: "must be the tenant's address" }],
    });
  if (renaming.slug === from)
    throw new DomainError('invalid_request', 'The tenant has this address already.', {
      fields: [{ path: 'slug', message: 'is its address already' }],
    });
  return writeRun(em, { ...renaming, from }, actor);
}

/** The way back of a rename: only while the tenant still has the address that the rename gave it. */
export async function openReverseRename(
  em: Sql,
  { id, tenantId }: { id: string; tenantId: string },
  actor: Actor,
): Promise<OpenedReverse> {
  const slug = await lockedSlug(em, tenantId);
  const [rename] = await rows<{ from_slug: string; to_slug: string }>(em)`
    select from_slug, to_slug from renames where run_id = ${id}`;
  if (!rename || rename.to_slug !== slug)
    throw notReversible('The address was changed again since: take back the later change, or rename.');
  return writeRun(
    em,
    { tenantId, from: slug, slug: rename.from_slug, redirectDays: reversibleDays, reverseOf: id },
    actor,
  );
}

async function writeRun(
  em: Sql,
  { tenantId, from, slug, redirectDays, reverseOf }: Renaming & { from: string; reverseOf?: string },
  actor: Actor,
): Promise<{ runId: string; tenantId: string; slug: string }> {
  const runId = newId();
  await openRun(
    em,
    {
      id: runId,
      kind: 'renameTenant',
      tenantId,
      exclusive: true,
      cancellable: true,
      ...(reverseOf ? { reverseOf } : {}),
    },
    actor,
  );
  await rows(em)`
    insert into renames (run_id, tenant_id, from_slug, to_slug, redirect_days)
    values (${runId}, ${tenantId}, ${from}, ${slug}, ${redirectDays})`;
  await reserve(em, { tenantId, slug, runId });
  await addSteps(em, runId, [
    {
      title: 'Keep the new address for the tenant',
      kind: 'fixed',
      provider: 'address',
      act: 'address.reserve',
      undo: 'address.release',
      done: true,
    },
    { title: 'Move to the new address', kind: 'fixed', provider: 'address', act: 'address.move', undo: null },
  ]);
  return { runId, tenantId, slug };
}

/** One that the tenant had before leads to it still, or is held for it: that is simply taken back. */
async function reserve(
  em: Sql,
  { tenantId, slug, runId }: { tenantId: string; slug: string; runId: string },
): Promise<void> {
  const reserved = await rows(em)`
    insert into tenant_addresses as mine (id, tenant_id, slug, state, reserved_by)
    values (${newId()}, ${tenantId}, ${slug}, 'held', ${runId})
    on conflict (slug) where state <> 'released' do update set reserved_by = excluded.reserved_by
      where mine.tenant_id = excluded.tenant_id and mine.state in ('redirect', 'held')
    returning id`;
  if (reserved.length === 0) throw await addressTaken(em, slug);
}

/** The present address of a tenant that has one and may change it; its row is held until the end of the transaction. */
async function lockedSlug(em: Sql, tenantId: string): Promise<string> {
  const [tenant] = await rows<{ state: string; slug: string | null }>(em)`
    select t.state, (select slug from tenant_addresses a where a.tenant_id = t.id and a.state = 'current') as slug
    from tenants t where t.id = ${tenantId} for update of t`;
  if (!tenant) throw new DomainError('not_found', 'There is no such tenant.');
  if (tenant.state === 'erased' || tenant.state === 'rolled_back')
    throw new DomainError('tenant_erased', 'Nothing is left of this tenant.');
  if ((tenant.state !== 'active' && tenant.state !== 'suspended') || tenant.slug === null)
    throw new DomainError('tenant_not_active', 'Only a tenant that is active or suspended gets another address.');
  return tenant.slug;
}
