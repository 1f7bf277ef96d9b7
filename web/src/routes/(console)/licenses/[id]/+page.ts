import type { LicenseHistory } from '#contracts/licenses/history.ts';
import type { License } from '#contracts/licenses/licenses.ts';
import type { LicensePolicySummary, LicensePolicyVersion } from '#contracts/licenses/policies.ts';
import type { RenewalPage } from '#contracts/licenses/renewals.ts';
import type { LicenseUses } from '#contracts/licenses/uses.ts';
import { may } from '#contracts/permissions.ts';
import { query, read, readIfThere } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/licenses/${encodeURIComponent(event.params.id)}`;
  const { session } = await event.parent();
  const mayReadPolicies = may(session.grants, 'licenses:read');
  const licence = await read<License>(event, path);
  const { name, version } = licence.policy;
  const [uses, history, policy, policies, renewals] = await Promise.all([
    read<LicenseUses>(event, `${path}/uses`),
    read<LicenseHistory>(event, `${path}/history`),
    mayReadPolicies
      ? readIfThere<LicensePolicyVersion>(event, `/api/v1/license-policies/${name}/versions/${version}`)
      : null,
    mayReadPolicies ? read<{ items: LicensePolicySummary[] }>(event, '/api/v1/license-policies') : { items: [] },
    session.permissions.includes('billing:read')
      ? read<RenewalPage>(event, `/api/v1/license-renewals${query({ licenseId: licence.id, limit: 20 })}`)
      : null,
  ]);
  return {
    licence,
    uses,
    history,
    policy,
    renewals,
    policies: policies.items.filter(({ product }) => product === licence.product),
  };
};
