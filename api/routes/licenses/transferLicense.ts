import { DomainError } from '#contracts/errors.ts';
import { License, LicenseTransfer } from '#contracts/licenses/licenses.ts';
import { findTenantTarget } from '#domain/access/tenantTarget.ts';
import { transferLicense as transfer } from '#domain/licenses/changing/transferLicense.ts';
import { viewLicense } from '#domain/licenses/viewLicenses.ts';
import { countLicense } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseParams } from '../../route.ts';

/** Answers with the licence that takes the place of this one. */
export const transferLicense = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/{licenseId}/transfer',
  summary: 'Give what is left of a licence to another tenant, where its policy lets it go',
  permission: 'licenses:manage',
  scope: 'license',
  params: LicenseParams,
  body: LicenseTransfer,
  idempotent: true,
  success: { status: 201, body: License },
  errors: [
    'not_found',
    'license_over',
    'license_not_active',
    'license_not_transferable',
    'license_renewing',
    'tenant_not_active',
  ],
  async handle({ params: { licenseId }, body: { to }, actor, demand }, { em, once, platform }) {
    const target = await findTenantTarget(em, to);
    if (!target) throw new DomainError('not_found', 'There is no such tenant.');
    demand('licenses:issue', target, 'tenant');
    await platform.tenantKeys.find(to); // inside the transaction it would want a second connection
    const now = new Date();
    const successor = await once(async (tx) =>
      viewLicense(tx, await transfer(tx, platform, { id: licenseId, to, now }, actor), now),
    );
    countLicense('transferred');
    return successor;
  },
});
