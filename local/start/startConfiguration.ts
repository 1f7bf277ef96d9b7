import { ConfigurationError, readConfiguration, type Configuration } from '#domain/configuration.ts';
import { portFrom, settlePort } from '../ports.ts';
import { SetupError } from '../progress.ts';
import { keepMasterKey, masterKeyFile } from './secrets.ts';

const usualPort = 4400;
const usualMetricsPort = 9464;

/** An empty variable is one that was not set: Compose and CI files write them so. */
export const withoutEmpty = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));

export function readOrRefuse(env: NodeJS.ProcessEnv): Configuration {
  try {
    return readConfiguration(env);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

/** Says what is wrong before anything slow is begun: what a start finds out by itself is filled in for the while. */
export function checkEnvironment(given: NodeJS.ProcessEnv): void {
  const later = 'postgres://not-known-yet';
  readOrRefuse({
    ...given,
    TENANTRY_APP_DATABASE_URL: later,
    TENANTRY_PROVISIONER_DATABASE_URL: later,
    TENANTRY_READER_DATABASE_URL: later,
    ...(given.TENANTRY_MASTER_KEY || given.TENANTRY_MASTER_KEY_FILE
      ? {}
      : { TENANTRY_MASTER_KEY: Buffer.alloc(32).toString('base64') }),
  });
}

export interface Address {
  host: string;
  port: number;
  publicUrl: string;
  /** 0 when metrics are switched off. */
  metricsPort: number;
}

/** The address is what people have noted down: it is the chosen one or an error. Metrics give way to other programs. */
export async function settleAddress(given: NodeJS.ProcessEnv): Promise<Address> {
  const env = withoutEmpty(given);
  const host = env.TENANTRY_HOST ?? '127.0.0.1';
  const chosen = portFrom({ TENANTRY_PORT: String(usualPort), ...env }, 'TENANTRY_PORT');
  const port = await settlePort({ variable: 'TENANTRY_PORT', what: 'Tenantry itself', chosen, host });
  const metricsPort =
    env.TENANTRY_METRICS_PORT === '0'
      ? 0
      : await settlePort({
          variable: 'TENANTRY_METRICS_PORT',
          what: 'metrics',
          chosen: portFrom(env, 'TENANTRY_METRICS_PORT'),
          usual: usualMetricsPort,
        });
  const publicUrl = (env.TENANTRY_PUBLIC_URL ?? `http://localhost:${port}`).replace(/\/+$/, '');
  return { host, port, publicUrl, metricsPort };
}

export interface MasterKeyPlace {
  /** Null when the key is given, and kept, by somebody else. */
  file: string | null;
  isNew: boolean;
}

export async function settleMasterKey(dataDir: string, given: NodeJS.ProcessEnv): Promise<MasterKeyPlace> {
  if (given.TENANTRY_MASTER_KEY || given.TENANTRY_MASTER_KEY_FILE) return { file: null, isNew: false };
  const { isNew } = await keepMasterKey(dataDir);
  return { file: masterKeyFile(dataDir), isNew };
}
