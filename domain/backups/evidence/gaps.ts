import type { RawBuilder } from 'kysely';
import type { EvidenceTenant } from '#contracts/backups/evidence.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import type { Sql } from '../../database.ts';
import { isoOf } from '../../isoOf.ts';
import { registryTime, rows } from '../../sql.ts';
import type { Span } from './collectEvidence.ts';

interface Stretch {
  tenant: string;
  at: string;
  until_at: string;
  is_open: boolean;
  rpo_seconds: number;
}

export interface GapsOfTenant {
  worstSeconds: number;
  gaps: EvidenceTenant['gaps'];
}

/**
 * How old the newest backup of each tenant became within a time, and when it was older than promised. A copy counts from when it was finished until the next one is.
 *
 * @param about which tenants `t`
 */
export async function gapsOf(
  em: Sql,
  about: RawBuilder<unknown>,
  { from, until }: Span,
): Promise<Map<string, GapsOfTenant>> {
  const now = await registryTime(em);
  const stretches = await rows<Stretch>(em)`
    with copies as (
      select k.tenant_id as tenant, k.at, k.finished_at as from_at, lead(k.finished_at) over each as next_at,
        t.state in ('active', 'suspended') as is_there, coalesce((p.rules ->> 'rpoMinutes')::int, ${usualBackupRules.rpoMinutes}::int) * 60 as rpo_seconds
      from backups k join tenants t on t.id = k.tenant_id left join backup_policies p on p.plan = t.plan
      where ${about} and k.state in ('kept', 'removing', 'removed') and k.removed_because is distinct from 'unfinished'
        and k.at is not null and k.finished_at is not null and k.verified_as is distinct from 'bad'
      window each as (partition by k.tenant_id order by k.finished_at))
    select tenant, at, least(coalesce(next_at, ${now}::timestamptz), ${until}::timestamptz) as until_at, rpo_seconds,
      next_at is null and ${until}::timestamptz >= ${now}::timestamptz as is_open
    from copies
    where from_at < ${until}::timestamptz and coalesce(next_at, ${now}::timestamptz) > ${from}::timestamptz and (next_at is not null or is_there)
    order by tenant, from_at`;
  const found = new Map<string, GapsOfTenant>();
  for (const { tenant, at, until_at, is_open: isOpen, rpo_seconds: promised } of stretches) {
    const of = found.get(tenant) ?? { worstSeconds: 0, gaps: [] };
    found.set(tenant, of);
    const [began, ended] = [Date.parse(isoOf(at)), Date.parse(isoOf(until_at))];
    of.worstSeconds = Math.max(of.worstSeconds, Math.round((ended - began) / 1_000));
    const brokenAt = Math.max(began + promised * 1_000, Date.parse(from));
    if (ended <= brokenAt) continue;
    of.gaps.push({
      from: new Date(brokenAt).toISOString(),
      to: isOpen ? null : new Date(ended).toISOString(),
      seconds: Math.round((ended - brokenAt) / 1_000),
    });
  }
  return found;
}
