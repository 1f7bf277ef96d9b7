import type { LicenseAnalytics, SeatReport, UsageReport } from '#contracts/licenses/analytics.ts';
import type { LicenseProduct } from '#contracts/licenses/keys.ts';
import type { Plan } from '#contracts/tenants.ts';
import { query, read } from '#lib/api/requests.ts';
import type { PageLoad } from './$types';
import { aboutOf, filterOf } from './filter.ts';

const dayMs = 86_400_000;

/** The address is the whole state of the page. */
export const load: PageLoad = async (event) => {
  const filter = filterOf(event.url.searchParams);
  const about = aboutOf(filter);
  const from = new Date(Date.now() - (Number(filter.days) - 1) * dayMs).toISOString().slice(0, 10);
  const base = '/api/v1/license-analytics';
  const { session } = await event.parent();
  const [analytics, usage, seats, products, plans] = await Promise.all([
    read<LicenseAnalytics>(event, `${base}${query(about)}`),
    read<UsageReport>(event, `${base}/usage${query({ ...about, from, meter: filter.meter })}`),
    read<SeatReport>(event, `${base}/seats${query(about)}`),
    read<{ items: LicenseProduct[] }>(event, '/api/v1/license-products'),
    session.permissions.includes('plans:read') ? read<{ items: Plan[] }>(event, '/api/v1/plans') : { items: [] },
  ]);
  return {
    filter,
    from,
    analytics,
    usage,
    seats: seats.items,
    products: products.items.map(({ name }) => name),
    plans: plans.items,
  };
};
