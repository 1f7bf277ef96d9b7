import { access } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { dataDir as dataDirOf } from '#local/paths.ts';
import { startPostgres } from '#local/postgres.ts';
import { readEnvironment } from '#local/start/secrets.ts';
import { withoutEmpty } from '#local/start/startConfiguration.ts';
import { Unable } from './exitCodes.ts';

/** The settings of the installation that is meant: what the environment says, over what `npm start` wrote down in its data folder. */
export async function installedEnvironment(given: NodeJS.ProcessEnv = process.env): Promise<NodeJS.ProcessEnv> {
  const kept = await readEnvironment(dataDirOf(given)).catch(() => ({}));
  return { ...kept, ...withoutEmpty(given) };
}

/**
 * Uses the registry, whether Tenantry runs or not. Where `npm start` brought PostgreSQL along and it is stopped, it is started for as
 * long as this takes. Throws {@link Unable} with what to do when there is none.
 */
export async function withReachableRegistry<Result>(
  env: NodeJS.ProcessEnv,
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  const url = env['TENANTRY_APP_DATABASE_URL'];
  if (!url)
    throw new Unable(
      'There is no installation here. Name its registry by TENANTRY_APP_DATABASE_URL (and TENANTRY_PUBLIC_URL),\n' +
        'or its data folder by TENANTRY_DATA_DIR.',
    );
  const refusal = await answers(url);
  if (refusal === null) return use(url);
  const dataDir = dataDirOf(env);
  const isEmbedded = await access(join(dataDir, 'postgres')).then(
    () => true,
    () => false,
  );
  if (!isEmbedded)
    throw new Unable(
      `The registry does not answer (${refusal}). Start its PostgreSQL, or mend TENANTRY_APP_DATABASE_URL.`,
    );
  const server = await startPostgres({ dataDir, choosePort: async () => Number(new URL(url).port || 5432) });
  try {
    return await use(url);
  } finally {
    if (!server.adopted) await server.stop();
  }
}

/** Why a server does not answer; null when it does. */
export async function answers(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code ?? message;
  } finally {
    await client.end().catch(() => undefined);
  }
}
