import type { RecoveryState } from '#contracts/recovery/recoveries.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  recovery: await read<RecoveryState>(event, '/api/v1/platform/recovery'),
});
