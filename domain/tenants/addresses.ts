import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { deriveSlug, numberedSlug, slugIsValid } from '#contracts/slugs.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * Takes an address for a tenant in the caller's transaction. A given one that is taken is refused with free ones like it; one
 * made from the name gets the first free number. Two transactions for one slug: the second waits for the first's end.
 */
export async function reserveAddress(
  em: Sql,
  tenantId: string,
  wanted: { slug: string | undefined; name: string },
): Promise<string> {
  if (wanted.slug !== undefined) {
    if (await take(em, tenantId, wanted.slug)) return wanted.slug;
    throw await addressTaken(em, wanted.slug);
  }
  const base = deriveSlug(wanted.name);
  if (await take(em, tenantId, base)) return base;
  for (;;) {
    for (const slug of await freeSlugsLike(em, base, 5)) if (await take(em, tenantId, slug)) return slug;
  }
}

/** The refusal of an address that somebody has, with free ones like it. */
export async function addressTaken(em: Sql, slug: string): Promise<DomainError> {
  const suggestions = await freeSlugsLike(em, slug, 3);
  return new DomainError('slug_taken', `The address "${slug}" is taken.`, {
    fields: [{ path: 'slug', message: 'is taken' }],
    extra: { suggestions },
  });
}

/** Frees it for others. Idempotent. */
export async function releaseAddress(em: Sql, tenantId: string): Promise<void> {
  await rows(em)`
    update tenant_addresses set state = 'released', released_at = now()
    where tenant_id = ${tenantId} and state <> 'released'`;
}

/**
 * What an erased tenant leaves: after an offboarding it is given to nobody for as long as bookmarks and mails still lead there; after a
 * removal at once it is free at once.
 */
export async function giveUpAddress(em: Sql, tenantId: string, holdDays: number): Promise<void> {
  const [erasure] = await rows<{ cause: string }>(em)`select cause from erasures where tenant_id = ${tenantId}`;
  if (erasure?.cause !== 'offboarding' || holdDays === 0) return releaseAddress(em, tenantId);
  await rows(em)`
    update tenant_addresses set state = 'held', held_until = now() + make_interval(days => ${holdDays}::int)
    where tenant_id = ${tenantId} and state in ('current', 'redirect')`;
}

export async function addressIsFree(em: Sql, slug: string): Promise<boolean> {
  const found = await rows(em)`select 1 from tenant_addresses where slug = ${slug} and state <> 'released'`;
  return found.length === 0;
}

/** The first free numbered addresses after `base`. */
export async function freeSlugsLike(em: Sql, base: string, count: number): Promise<string[]> {
  const free: string[] = [];
  for (let from = 2; free.length < count; from += 50) {
    const candidates = Array.from({ length: 50 }, (_, i) => numberedSlug(base, from + i));
    const taken = await rows<{ slug: string }>(em)`
      select slug from tenant_addresses where slug = any(${candidates}) and state <> 'released'`;
    const takenSlugs = new Set(taken.map((row) => row.slug));
    free.push(...candidates.filter((slug) => !takenSlugs.has(slug) && slugIsValid(slug)));
  }
  return free.slice(0, count);
}

async function take(em: Sql, tenantId: string, slug: string): Promise<boolean> {
  const taken = await rows(em)`
    insert into tenant_addresses (id, tenant_id, slug, state) values (${newId()}, ${tenantId}, ${slug}, 'current')
    on conflict (slug) where state <> 'released' do nothing
    returning id`;
  return taken.length === 1;
}

/** The address that a tenant holds; empty when it holds none. */
export async function slugOf(em: Sql, tenantId: string): Promise<string> {
  const [address] = await rows<{ slug: string }>(em)`
    select slug from tenant_addresses where tenant_id = ${tenantId} and state = 'current'`;
  return address?.slug ?? '';
}
