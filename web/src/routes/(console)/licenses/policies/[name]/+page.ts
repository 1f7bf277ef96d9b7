import type { LicensePrices } from '#contracts/licenses/billing.ts';
import type { LicensePolicy, LicensePolicyVersion, PlanLicensing } from '#contracts/licenses/policies.ts';
import { may } from '#contracts/permissions.ts';
import type { Plan } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/license-policies/${encodeURIComponent(event.params.name)}`;
  const { session } = await event.parent();
  const [policy, plans] = await Promise.all([
    read<LicensePolicy>(event, path),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  const { latest } = policy;
  const find = async (version: string | null): Promise<LicensePolicyVersion | null> =>
    version === null || version === String(latest.version)
      ? null
      : read<LicensePolicyVersion>(event, `${path}/versions/${encodeURIComponent(version)}`);
  const asked = event.url.searchParams;
  const [shown, other, licensing] = await Promise.all([
    find(asked.get('version')),
    find(asked.get('against')),
    Promise.all(
      plans.items.map(({ name }) =>
        read<PlanLicensing>(event, `/api/v1/plans/${encodeURIComponent(name)}/license-policy`),
      ),
    ),
  ]);
  const pointsAt = new Map(licensing.map((one) => [one.plan, one.policy]));
  const version = (shown ?? latest).version;
  const prices = may(session.grants, 'billing:read')
    ? await read<LicensePrices>(event, `${path}/versions/${version}/prices`)
    : null;
  return {
    policy,
    prices,
    shown: shown ?? latest,
    against: asked.has('against') ? (other ?? latest) : null,
    plans: plans.items.map(({ name, title }) => ({ name, title, policy: pointsAt.get(name) ?? null })),
  };
};
