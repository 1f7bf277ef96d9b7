import { takeUseAway } from '#domain/licenses/using/viewUses.ts';
import { countUse } from '#observability/licenses/licenseMetrics.ts';
import { defineRoute, LicenseUseParams } from '../../route.ts';

/** Whoever has it may check out again, if there is room. */
export const takeLicenseUseAway = defineRoute({
  method: 'delete',
  path: '/api/v1/licenses/{licenseId}/uses/{useId}',
  summary: 'Take a seat or a machine away from whoever has it',
  permission: 'licenses:manage',
  scope: 'license',
  params: LicenseUseParams,
  success: { status: 204 },
  errors: ['not_found'],
  async handle({ params, actor }, { em }) {
    await em.transactional((tx) => takeUseAway(tx, params, actor));
    countUse('checked_in');
  },
});
