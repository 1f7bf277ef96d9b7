import type { Plan } from '#contracts/tenants.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  plans: (await read<{ items: Plan[] }>(event, '/api/v1/plans')).items,
});
