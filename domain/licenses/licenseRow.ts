import { DomainError, type FieldError } from '#contracts/errors.ts';
import type { LicenseLapse, LicenseStanding, LicenseState } from '#contracts/licenses/licenses.ts';
import type { Sql } from '../database.ts';
import { rows } from '../sql.ts';

export interface LicenseRow {
  id: string;
  tenant_id: string;
  product: string;
  plan: string;
  policy_name: string;
  policy_version: number;
  state: LicenseState;
  lapse: LicenseLapse;
  serial: number;
  kid: string;
  is_test: boolean;
  is_trial: boolean;
  binding: string[] | null;
  anchor_at: string;
  terms: number;
  starts_at: string;
  expires_at: string | null;
  over_at: string | null;
  issued_at: string;
  claims: string | null;
  signature: Buffer | null;
  sealed_key: Buffer | null;
  transferred_from: string | null;
  /** Since when it is to end with its term and not to be renewed. */
  cancelled_at_end_at: string | null;
  created_at: string;
  /** Of the resource that provisioning issued it as; null where it was issued by hand. */
  tag: string | null;
  /** Suspended with its tenant, beside what its own state is. */
  access: 'open' | 'suspended';
}

/** Refuses with `not_found`. */
export async function findLicense(em: Sql, id: string): Promise<LicenseRow> {
  const [row] = await rows<LicenseRow>(em)`select * from licenses where id = ${id}`;
  if (!row) throw noSuchLicense();
  return row;
}

/** Whoever holds it is alone in changing it. Refuses with `not_found`, and with `license_over` what is not to be changed any more. */
export async function lockLicense(em: Sql, id: string): Promise<LicenseRow> {
  const [row] = await rows<LicenseRow>(em)`select * from licenses where id = ${id} for update`;
  if (!row) throw noSuchLicense();
  refuseOver(row);
  return row;
}

export function refuseOver({ state }: LicenseRow): void {
  if (state === 'revoked') throw new DomainError('license_over', 'The licence was revoked.');
  if (state === 'superseded') throw new DomainError('license_over', 'Another licence took the place of this one.');
}

/** What a provisioning issues is handed out to nobody until it has succeeded: its rollback leaves nothing that would have to be revoked. */
export async function refuseBeforeDoors(em: Sql, { tenant_id: tenantId }: LicenseRow): Promise<void> {
  const [tenant] = await rows<{ state: string }>(em)`select state from tenants where id = ${tenantId}`;
  if (tenant?.state === 'provisioning')
    throw new DomainError(
      'tenant_not_active',
      'The tenant is being provisioned; its licence is handed out afterwards.',
    );
}

const noSuchLicense = (): DomainError => new DomainError('not_found', 'There is no such licence.');

/** What a licence is worth at `now`; its end is the first moment at which it is over. */
export function standingOf(
  {
    state,
    access,
    starts_at,
    expires_at,
    over_at,
  }: Pick<LicenseRow, 'state' | 'access' | 'starts_at' | 'expires_at' | 'over_at'>,
  now: Date,
): LicenseStanding {
  if (state === 'revoked' || state === 'superseded') return 'revoked';
  if (state === 'suspended' || access === 'suspended') return 'suspended';
  if (now < new Date(starts_at)) return 'not_yet_valid';
  if (expires_at === null || now < new Date(expires_at)) return 'valid';
  return over_at !== null && now < new Date(over_at) ? 'grace' : 'expired';
}

export const invalid = (...fields: FieldError[]): DomainError =>
  new DomainError('invalid_request', 'Some of what was sent is not valid.', { fields });
