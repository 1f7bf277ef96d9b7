import { purgePlans as purge } from '#domain/tenants/tenantPlans.ts';
import type { Reconciled } from './reconciled.ts';

/** Plans of tenants hold whom they were to invite: what nobody can apply any more goes. */
export async function purgePlans({ platform, logger }: Reconciled): Promise<void> {
  const count = await purge(platform.registry.em.fork());
  if (count > 0) logger.info({ count }, 'plans that expired were cleared away');
}
