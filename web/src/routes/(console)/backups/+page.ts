import { protections, type BackupFleet, type ProtectionPage } from '#contracts/backups/backups.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async (event) => {
  const asked = event.url.searchParams;
  const protection = protections.find((one) => one === asked.get('show')) ?? null;
  const plan = (asked.get('plan') ?? '').slice(0, 63);
  const [fleet, tenants] = await Promise.all([
    read<BackupFleet>(event, '/api/v1/backups'),
    read<ProtectionPage>(event, `/api/v1/backups/tenants${query({ protection, plan, cursor: asked.get('cursor') })}`),
  ]);
  return { fleet, tenants, protection, plan };
};
