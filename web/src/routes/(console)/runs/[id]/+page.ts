import type { Run } from '#contracts/runs.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  run: await read<Run>(event, `/api/v1/runs/${encodeURIComponent(event.params.id)}`),
});
