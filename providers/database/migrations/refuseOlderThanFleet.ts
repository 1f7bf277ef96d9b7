import type { Sql } from '#domain/database.ts';
import { releasedVersion } from '#domain/fleet/catalogue.ts';
import { ProviderError } from '../../provider.ts';

/**
 * Nobody is born behind the fleet: a worker that still has the folder of an older release leaves it to a newer one. With the fleet's
 * run, which looks for newcomers before it ends, no tenant falls between the two.
 */
export async function refuseOlderThanFleet(em: Sql, newest: number): Promise<void> {
  const released = await releasedVersion(em);
  if (newest < released)
    throw new ProviderError(
      'tenant migrations',
      `This worker has tenant migrations up to ${newest}, and the fleet is brought to ${released}: another worker takes it.`,
      { retryable: true },
    );
}
