import { ArrivalPlan, ArrivalQuestion } from '#contracts/backups/arrivals.ts';
import { planArrival as plan } from '#domain/backups/arriving/bringTenant.ts';
import { defineRoute } from '../../route.ts';
import { arrivalErrors } from './arrivalErrors.ts';
import { ArrivalParams } from './arrivalParams.ts';

export const planArrival = defineRoute({
  method: 'post',
  path: '/api/v1/arrivals/{arrivalId}/plan',
  summary: 'Ask what a hand-over would bring and who signed it, and write nothing',
  permission: 'backups:restore',
  params: ArrivalParams,
  body: ArrivalQuestion,
  success: { status: 200, body: ArrivalPlan },
  errors: arrivalErrors,
  handle: ({ params: { arrivalId }, body }, { em, platform }) => plan(em, platform, arrivalId, body.file),
});
