import type { BlueprintSummary } from '#contracts/blueprints.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { items } = await read<{ items: BlueprintSummary[] }>(event, '/api/v1/blueprints');
  return { blueprints: items };
};
