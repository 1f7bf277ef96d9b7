import { CallReceiver } from '#test/servers/callReceiver.ts';
import type { TestInstallation } from '#test/servers/installation.ts';
import { planWith } from '#test/servers/outsidePlan.ts';

/** Plans whose tenants need a service of the SaaS team, which the drill plays. */
export const outsidePlans = { takenBack: 'drill-taken-back', delivered: 'drill-delivered' };

/** Starts the service and makes the plans. */
export async function startOutsideService(installation: TestInstallation): Promise<CallReceiver> {
  const service = await CallReceiver.start();
  const step = (when: 'before' | 'after') => ({
    key: 'account',
    kind: 'http',
    title: 'Create the account',
    url: `${service.url}/accounts`,
    undoUrl: `${service.url}/accounts/undo`,
    timeoutSeconds: 60,
    input: { slug: { $tenant: 'slug' } },
    when,
  });
  const check = { key: 'check', kind: 'check', provider: 'tenant', title: 'Check that everything answers' };
  await planWith(installation, outsidePlans.takenBack, [step('before'), check]);
  await planWith(installation, outsidePlans.delivered, [step('after')]);
  return service;
}
