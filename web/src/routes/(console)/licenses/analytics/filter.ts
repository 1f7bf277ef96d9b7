import { query } from '#lib/api/requests.ts';

/** What the address of the page says: of how many days, and of what. Empty: of all. */
export interface AnalyticsFilter {
  days: string;
  meter: string;
  product: string;
  plan: string;
  tenantId: string;
}

const spans = ['7', '30', '90', '365'];

/** What in an address makes no sense is as if it were not there. */
export const filterOf = (asked: URLSearchParams): AnalyticsFilter => ({
  days: spans.find((one) => one === asked.get('days')) ?? '30',
  meter: (asked.get('meter') ?? '').slice(0, 63),
  product: (asked.get('product') ?? '').slice(0, 63),
  plan: (asked.get('plan') ?? '').slice(0, 63),
  tenantId: (asked.get('tenantId') ?? '').slice(0, 36),
});

export const addressOf = ({ days, ...rest }: AnalyticsFilter): string =>
  `/licenses/analytics${query({ ...rest, days: days === '30' ? '' : days })}`;

/** Of it, what every figure can be narrowed by. */
export const aboutOf = ({ product, plan, tenantId }: AnalyticsFilter) => ({ product, plan, tenantId });
