import { withdrawArrival as withdraw } from '#domain/backups/arriving/arrivals.ts';
import { defineRoute } from '../../route.ts';
import { ArrivalParams } from './arrivalParams.ts';

export const withdrawArrival = defineRoute({
  method: 'delete',
  path: '/api/v1/arrivals/{arrivalId}',
  summary: 'Withdraw a request for a tenant: what was handed over for it cannot be opened any more',
  permission: 'backups:restore',
  params: ArrivalParams,
  success: { status: 204 },
  errors: ['not_found', 'arrival_over'],
  async handle({ params: { arrivalId }, actor }, { em }) {
    await em.transactional((tx) => withdraw(tx, arrivalId, actor));
  },
});
