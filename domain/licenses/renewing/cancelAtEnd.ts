import { DomainError } from '#contracts/errors.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import { rows } from '../../sql.ts';
import { lockLicense } from '../licenseRow.ts';
import { termOf } from './quoteRenewal.ts';

/**
 * The licence ends with its term: nothing renews it by itself, and nobody by mistake. Asking twice is asking once. Refuses with `not_found`,
 * `license_over`, `license_not_renewable` (it never ends), `license_renewing`.
 */
export async function cancelAtEnd(em: Sql, licenseId: string, actor: Actor): Promise<void> {
  const licence = await lockLicense(em, licenseId);
  const { expiresAt } = termOf(licence);
  const [open] = await rows<{ run_id: string }>(em)`
    select run_id from license_renewals where license_id = ${licenseId} and state = 'open' and kind <> 'upgrade'`;
  if (open)
    throw new DomainError('license_renewing', 'It is being renewed. Take that back first, or wait for its end.', {
      extra: { runId: open.run_id },
    });
  if (licence.cancelled_at_end_at !== null) return;
  await rows(em)`update licenses set cancelled_at_end_at = now() where id = ${licenseId}`;
  const { tenant_id: tenantId } = licence;
  const data = { expiresAt: expiresAt.toISOString() };
  await appendEvent(em, { stream: `license:${licenseId}`, type: 'license.cancelled_at_end', tenantId, data }, actor);
}

/** Takes that back. Refuses with `not_found`, `license_over`. */
export async function keepLicense(em: Sql, licenseId: string, actor: Actor): Promise<void> {
  const { tenant_id: tenantId, cancelled_at_end_at: cancelledAt } = await lockLicense(em, licenseId);
  if (cancelledAt === null) return;
  await rows(em)`update licenses set cancelled_at_end_at = null where id = ${licenseId}`;
  // A renewal that came due meanwhile was passed over because of this; it is due again.
  await rows(em)`
    update license_dues d set state = 'open', why = null, settled_at = null from licenses l
    where l.id = ${licenseId} and d.license_id = l.id and d.kind = 'renewal' and d.ends_at = l.expires_at
      and d.state = 'passed' and d.why = 'license_not_renewable'`;
  await appendEvent(em, { stream: `license:${licenseId}`, type: 'license.kept', tenantId }, actor);
}
