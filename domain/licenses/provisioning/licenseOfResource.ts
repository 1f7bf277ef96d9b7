import { createPublicKey, verify } from 'node:crypto';
import { publicKeyOf } from '../../audit/statements.ts';
import type { Sql } from '../../database.ts';
import { rows } from '../../sql.ts';
import type { LicenseRow } from '../licenseRow.ts';

/** The licence that provisioning issued has the id of its resource. Null when it is not there. */
export async function licenseOfResource(em: Sql, resourceId: string): Promise<LicenseRow | null> {
  const [row] = await rows<LicenseRow>(em)`select * from licenses where id = ${resourceId}`;
  return row ?? null;
}

/** The same, held until the end of the transaction. */
export async function lockLicenseOfResource(em: Sql, resourceId: string): Promise<LicenseRow | null> {
  const [row] = await rows<LicenseRow>(em)`select * from licenses where id = ${resourceId} for update`;
  return row ?? null;
}

/** Revoked or given away by a person: that is no difference, and nothing brings it back. */
export const isInForce = ({ state }: Pick<LicenseRow, 'state'>): boolean => state === 'active' || state === 'suspended';

/** Whether what was signed last is this licence, and verifies by the key that is said to have signed it. */
export async function isSignedWell(em: Sql, { id, serial, kid, claims, signature }: LicenseRow): Promise<boolean> {
  if (claims === null || signature === null) return false;
  const [key] = await rows<{ public_key: Buffer }>(em)`select public_key from license_keys where kid = ${kid}`;
  if (!key) return false;
  const { kty, crv, x } = publicKeyOf(key.public_key);
  if (!verify(null, Buffer.from(claims), createPublicKey({ key: { kty, crv, x }, format: 'jwk' }), signature))
    return false;
  const told = JSON.parse(claims) as { id?: unknown; serial?: unknown; kid?: unknown };
  return told.id === id && told.serial === serial && told.kid === kid;
}
