import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

/**
 * What the public may find. To everybody else a tenant is not there before its doors open, nor after an offboarding began; of one that is
 * suspended they are told that, and of an address that was left where its tenant is now.
 */

/**
 * The tenant at this address; null when nobody is there. Refuses with `tenant_suspended`, and with `tenant_moved` (`extra.slug` says
 * where to).
 */
export async function findOpenPortal(em: Sql, slug: string): Promise<{ tenantId: string; name: string } | null> {
  const [found] = await rows<{
    tenantId: string;
    name: string;
    state: 'active' | 'suspended';
    isCurrent: boolean;
    now: string | null;
    notice: string | null;
  }>(em)`
    select t.id as "tenantId", t.name, t.state, a.state = 'current' as "isCurrent",
      (select slug from tenant_addresses n where n.tenant_id = t.id and n.state = 'current') as now,
      (select notice from suspensions s where s.tenant_id = t.id and s.state = 'effective') as notice
    from tenant_addresses a join tenants t on t.id = a.tenant_id
    where a.slug = ${slug} and a.state in ('current', 'redirect') and t.state in ('active', 'suspended')`;
  if (!found) return null;
  const { isCurrent, now, state, notice, ...portal } = found;
  if (!isCurrent)
    throw new DomainError('tenant_moved', 'This portal has another address now.', { extra: { slug: now } });
  if (state === 'suspended') throw suspended(notice);
  return portal;
}

/** What everybody of a suspended tenant meets, whatever they ask. @param notice what the platform has to say to them */
export const suspended = (notice: string | null): DomainError =>
  new DomainError('tenant_suspended', notice ?? 'Access is suspended for the time being.', {
    extra: notice === null ? {} : { notice },
  });

export async function realmIsOpen(em: Sql, tenantId: string): Promise<boolean> {
  const found = await rows(em)`
    select 1 from realms r join tenants t on t.id = r.tenant_id
    where r.tenant_id = ${tenantId} and r.access = 'open' and t.state = 'active'`;
  return found.length > 0;
}
