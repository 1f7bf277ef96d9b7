import type { ReplicationState } from '#contracts/recovery/replication.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => ({
  replication: await read<ReplicationState>(event, '/api/v1/platform/servers'),
});
