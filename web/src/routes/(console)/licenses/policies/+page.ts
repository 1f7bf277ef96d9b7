import type { LicensePolicySummary } from '#contracts/licenses/policies.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  policies: (await read<{ items: LicensePolicySummary[] }>(event, '/api/v1/license-policies')).items,
});
