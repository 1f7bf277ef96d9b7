import type { Configuration } from './configuration.ts';
import { openRegistry, type Registry } from './database.ts';
import { Announcer } from './events/announcer.ts';
import { openInstallation, type Installation } from './installation.ts';
import { TenantKeys } from './secrets/tenantKeys.ts';

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
        await registry.close(true);
      },
    };
  } catch (error) {
    await registry.close(true);
    throw error;
  }
}
