import { DomainError } from '#contracts/errors.ts';
import type { RevocationReason } from '#contracts/licenses/licenses.ts';
import type { Sql } from '../../database.ts';
import { appendEvent, type Actor } from '../../events/appendEvent.ts';
import type { Installation } from '../../installation.ts';
import { rows } from '../../sql.ts';
import { keepDues } from '../dues/keepDues.ts';
import { revokeOnList } from '../keys/revocationList.ts';
import { lockLicense } from '../licenseRow.ts';
import { resign } from '../signing/signLicense.ts';

/**
 * The file says from now on that it is suspended; files from before are on the list of revocations. Refuses with `not_found`,
 * `license_over`, `license_not_active`.
 */
export async function suspendLicense(
  em: Sql,
  installation: Installation,
  id: string,
  now: Date,
  actor: Actor,
): Promise<void> {
  const licence = await lockLicense(em, id);
  if (licence.state !== 'active') throw new DomainError('license_not_active', 'The licence is suspended already.');
  await rows(em)`update licenses set state = 'suspended' where id = ${id}`;
  const { tenant_id: tenantId, product, serial: before } = licence;
  const serial = await resign(em, installation, { ...licence, state: 'suspended' }, now);
  await revokeOnList(em, { licenseId: id, product, serial: before, reason: 'suspended', at: now });
  await appendEvent(em, { stream: `license:${id}`, type: 'license.suspended', tenantId, data: { serial } }, actor);
}

/** Refuses with `not_found`, `license_over`, `license_not_suspended`. */
export async function reinstateLicense(
  em: Sql,
  installation: Installation,
  id: string,
  now: Date,
  actor: Actor,
): Promise<void> {
  const licence = await lockLicense(em, id);
  if (licence.state !== 'suspended') throw new DomainError('license_not_suspended', 'The licence is not suspended.');
  await rows(em)`update licenses set state = 'active' where id = ${id}`;
  const serial = await resign(em, installation, { ...licence, state: 'active' }, now);
  const { tenant_id: tenantId } = licence;
  await appendEvent(em, { stream: `license:${id}`, type: 'license.reinstated', tenantId, data: { serial } }, actor);
}

/** For good: every file of it, whatever its serial, is on the list. Refuses with `not_found`, `license_over`. */
export async function revokeLicense(
  em: Sql,
  { id, reason, now }: { id: string; reason: RevocationReason; now: Date },
  actor: Actor,
): Promise<void> {
  const { tenant_id: tenantId, product } = await lockLicense(em, id);
  await rows(em)`update licenses set state = 'revoked' where id = ${id}`;
  await keepDues(em, id, now);
  await rows(em)`delete from license_uses where license_id = ${id}`;
  await revokeOnList(em, { licenseId: id, product, serial: null, reason, at: now });
  await appendEvent(em, { stream: `license:${id}`, type: 'license.revoked', tenantId, data: { reason } }, actor);
}
