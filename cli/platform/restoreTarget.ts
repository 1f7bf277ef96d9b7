import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { portFrom, settlePort } from '#local/ports.ts';
import { startPostgres } from '#local/postgres.ts';
import { checkExistingDatabase } from '#local/start/existingDatabase.ts';
import { keepRolePasswords, masterKeyFile } from '#local/start/secrets.ts';
import { setUpDatabase } from '#migrations/setUp.ts';

/** Uses the registry to be filled, as its owner: made by name of an administrator, given, or on the server that `npm start` brings along. */
export async function withTarget<Result>(
  env: NodeJS.ProcessEnv,
  dataDir: string,
  use: (migratorUrl: string) => Promise<Result>,
): Promise<Result> {
  const { DATABASE_URL: adminUrl, TENANTRY_MIGRATOR_DATABASE_URL: migratorUrl } = env;
  if (migratorUrl && !adminUrl) return use(migratorUrl);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwords = await keepRolePasswords(dataDir);
  if (adminUrl) {
    await checkExistingDatabase(adminUrl);
    return use((await setUpDatabase({ adminUrl, passwords })).migratorUrl);
  }
  const usual = (portFrom({ TENANTRY_PORT: '4400', ...env }, 'TENANTRY_PORT') ?? 0) + 32;
  const chosen = portFrom(env, 'TENANTRY_POSTGRES_PORT');
  const server = await startPostgres({
    dataDir,
    choosePort: () => settlePort({ variable: 'TENANTRY_POSTGRES_PORT', what: 'PostgreSQL', chosen, usual }),
  });
  try {
    return await use((await setUpDatabase({ adminUrl: server.adminUrl, passwords })).migratorUrl);
  } finally {
    if (!server.adopted) await server.stop();
  }
}

/** Where `npm start` looks for it, unless the environment says where it is. Returns the file; null when none was written. */
export async function keepGivenMasterKey(
  env: NodeJS.ProcessEnv,
  dataDir: string,
  masterKey: string | undefined,
): Promise<string | null> {
  const isElsewhere = env['TENANTRY_MASTER_KEY'] ?? env['TENANTRY_MASTER_KEY_FILE'];
  if (masterKey === undefined || isElsewhere || env['TENANTRY_MIGRATOR_DATABASE_URL']) return null;
  const file = masterKeyFile(dataDir);
  if (await stat(file).catch(() => null)) return null;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${masterKey}\n`, { mode: 0o600, flush: true });
  return file;
}
