import { ProvisioningState, ProvisioningSwitch } from '#contracts/platform.ts';
import { switchProvisioning, viewProvisioning } from '#domain/provisioningSwitch.ts';
import { defineRoute } from '../../route.ts';

export const pauseProvisioning = defineRoute({
  method: 'post',
  path: '/api/v1/platform/provisioning',
  summary: 'Pause provisioning on the whole platform, or let it go on',
  permission: 'platform:pause',
  body: ProvisioningSwitch,
  success: { status: 200, body: ProvisioningState },
  errors: [],
  async handle({ body, actor }, { em }) {
    await em.transactional((tx) => switchProvisioning(tx, body, actor));
    return viewProvisioning(em.fork());
  },
});
