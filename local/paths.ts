import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, wherever it lies and whatever the current folder is. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where things are kept that several checkouts may share and that can always be had again. */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string =>
  resolve(env.TENANTRY_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tenantry'));

export const dataDir = (env: NodeJS.ProcessEnv = process.env): string =>
  resolve(checkout, env.TENANTRY_DATA_DIR || '.tenantry');
