import { UsageBatch, UsageTold } from '#contracts/licenses/usage.ts';
import { tellUsage } from '#domain/licenses/usage/tellUsage.ts';
import { countUsage } from '#observability/licenses/usageMetrics.ts';
import { defineRoute } from '../../route.ts';

/** Needs no idempotency key: an event is counted once however often it is sent. */
export const tellLicenseUsage = defineRoute({
  method: 'post',
  path: '/api/v1/licenses/usage',
  summary: 'Tell what was used of meters, up to a thousand events at once',
  permission: 'licenses:use',
  scope: 'reach',
  body: UsageBatch,
  success: { status: 200, body: UsageTold },
  errors: [],
  async handle({ body, reach }, { em, platform }) {
    const { lateDays } = platform.configuration.usage;
    const told = await em.transactional((tx) => tellUsage(tx, body.events, { reach, now: new Date(), lateDays }));
    countUsage(told);
    return told;
  },
});
