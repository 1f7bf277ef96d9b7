import { rotateKey } from '#domain/audit/signingKeys.ts';
import type { PublicKey } from '#domain/audit/statements.ts';
import { ConfigurationError, readConfiguration } from '#domain/configuration.ts';
import { openRegistry } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { openInstallation } from '#domain/installation.ts';
import { Unable } from '../exitCodes.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

/** Needs the master key: the new private key rests under it. */
export async function rotate(): Promise<PublicKey> {
  const env = await installedEnvironment();
  return withReachableRegistry(env, async (url) => {
    const registry = await openRegistry(url, { poolSize: 1 });
    try {
      const installation = await openInstallation(registry, masterKeyOf(env));
      return await rotateKey(registry.em.fork(), installation, theSystem);
    } finally {
      await registry.close(true);
    }
  });
}

function masterKeyOf(env: NodeJS.ProcessEnv): Buffer {
  try {
    return readConfiguration(env).masterKey;
  } catch (error) {
    if (error instanceof ConfigurationError) throw new Unable(error.message, { cause: error });
    throw error;
  }
}
