import type { LicensePolicy, LicensePolicyVersion } from '#contracts/licenses/policies.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const path = `/api/v1/license-policies/${encodeURIComponent(event.params.name)}`;
  const { latest } = await read<LicensePolicy>(event, path);
  const from = event.url.searchParams.get('from');
  return {
    latest,
    from: from ? await read<LicensePolicyVersion>(event, `${path}/versions/${encodeURIComponent(from)}`) : latest,
  };
};
