import { drillStandings, type DrilledPage, type DrillFleet } from '#contracts/backups/drillReports.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const standing = drillStandings.find((one) => one === asked.get('show')) ?? null;
  const plan = (asked.get('plan') ?? '').slice(0, 63);
  const [fleet, tenants] = await Promise.all([
    read<DrillFleet>(event, '/api/v1/drills/fleet'),
    read<DrilledPage>(event, `/api/v1/drills/tenants${query({ standing, plan, cursor: asked.get('cursor') })}`),
  ]);
  return { fleet, tenants, standing, plan };
};
