import type { DrillReport } from '#contracts/backups/drillReports.ts';
import { read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const { id, drillId } = event.params;
  const path = `/api/v1/tenants/${encodeURIComponent(id)}/drills/${encodeURIComponent(drillId)}`;
  return { drill: await read<DrillReport>(event, path) };
};
