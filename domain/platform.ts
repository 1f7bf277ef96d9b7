import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from './configuration.ts';
import { openRegistry, type Registry } from './database.ts';
import { Announcer } from './events/announcer.ts';
import { openInstallation, type Installation } from './installation.ts';
import { TenantKeys } from './secrets/tenantKeys.ts';

const closeWithinMs = 5_000;

/** What API and worker both stand on. */
export interface Platform {
  configuration: Configuration;
  registry: Registry;
  installation: Installation;
  tenantKeys: TenantKeys;
  announcer: Announcer;
  close(): Promise<void>;
}

export async function openPlatform(
  configuration: Configuration,
  options: { poolSize?: number } = {},
): Promise<Platform> {
  const registry = await openRegistry(configuration.appDatabaseUrl, options);
  try {
    const installation = await openInstallation(registry, configuration.masterKey);
    const announcer = new Announcer(configuration.appDatabaseUrl);
    return {
      configuration,
      registry,
      installation,
      tenantKeys: new TenantKeys(registry, installation.keyring),
      announcer,
      async close() {
        await announcer.close();
        // A connection that is not given back must not keep a process from ending; what it held, its server ends with it.
        await Promise.race([registry.close(true), delay(closeWithinMs, undefined, { ref: false })]);
      },
    };
  } catch (error) {
    await registry.close(true);
    throw error;
  }
}
