import type { Schedule } from '#contracts/schedules.ts';
import { readIfUp } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

/** `schedules` is null while Temporal, which keeps them, does not answer. */
export const load: PageLoad = async (event) => ({
  schedules: (await readIfUp<{ items: Schedule[] }>(event, '/api/v1/schedules'))?.items ?? null,
});
