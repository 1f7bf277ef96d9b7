import { Counter } from 'prom-client';
import type { ValidationCode } from '#contracts/licenses/uses.ts';
import { registry } from '../metrics.ts';

export type LicenseChange =
  'issued' | 'suspended' | 'reinstated' | 'revoked' | 'reissued' | 'overridden' | 'transferred' | 'key_rotated';

const changes = new Counter({
  name: 'tenantry_license_changes_total',
  help: 'Changes of licences and of the keys that sign them, by what was done',
  labelNames: ['change'],
  registers: [registry],
});

export const countLicense = (change: LicenseChange): void => changes.inc({ change });

const validations = new Counter({
  name: 'tenantry_license_validations_total',
  help: 'Questions what a licence is worth, by what was answered',
  labelNames: ['code'],
  registers: [registry],
});

const uses = new Counter({
  name: 'tenantry_license_uses_total',
  help: 'Seats and machines that were checked out and in',
  labelNames: ['act'],
  registers: [registry],
});

export const countValidation = (code: ValidationCode): void => validations.inc({ code });
export const countUse = (act: 'checked_out' | 'checked_in'): void => uses.inc({ act });
