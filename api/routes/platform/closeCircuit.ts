import { z } from 'zod';
import { DomainError } from '#contracts/errors.ts';
import { ProvisioningState } from '#contracts/platform.ts';
import { closeCircuit as close } from '#domain/runs/deciding/circuits.ts';
import { viewProvisioning } from '#domain/provisioningSwitch.ts';
import { defineRoute } from '../../route.ts';

/** For who knows that the provider is well again and does not want to wait for the next try. */
export const closeCircuit = defineRoute({
  method: 'post',
  path: '/api/v1/platform/circuits/{provider}/close',
  summary: 'Let runs use a provider again that was cut off',
  permission: 'platform:pause',
  params: z.strictObject({
    provider: z
      .string()
      .max(63)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'is not the name of a provider'),
  }),
  success: { status: 200, body: ProvisioningState },
  errors: ['not_found'],
  async handle({ params: { provider }, actor }, { em }) {
    const closed = await em.transactional((tx) => close(tx, provider, actor));
    if (!closed) throw new DomainError('not_found', 'No such provider is cut off.');
    return viewProvisioning(em.fork());
  },
});
