import { Command } from 'commander';
import { v7 as newId } from 'uuid';
import { DomainError } from '#contracts/errors.ts';
import { filesBeside } from '#domain/backups/platform/filesBeside.ts';
import { recordPlatformBackup } from '#domain/backups/platform/platformBackups.ts';
import { listPlatformBackups, verifyPlatformBackup } from '#domain/backups/platform/readPlatformBackup.ts';
import { writePlatformBackup } from '#domain/backups/platform/writePlatformBackup.ts';
import { ConfigurationError, readConfiguration, type Configuration } from '#domain/configuration.ts';
import { openRegistry } from '#domain/database.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes, Unable } from '../exitCodes.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function backupCommand(): Command {
  const backup = new Command('backup').description('Backups of the control plane itself.');
  backup
    .command('platform')
    .description('Writes the registry and what lies beside it into the place of backups, and reads all of it again.')
    .option('--to <place>', 'a folder or s3://bucket/prefix, instead of TENANTRY_BACKUP_PLACE')
    .action(({ to }: { to?: string }) => told(() => backUp(to)));
  backup
    .command('list')
    .description('Names the backups of the control plane that lie in the place, the newest first.')
    .option('--from <place>', 'a folder or s3://bucket/prefix, instead of TENANTRY_BACKUP_PLACE')
    .action(({ from }: { from?: string }) =>
      told(async () => {
        const found = await listPlatformBackups(openPlace({ place: placeOf(await settings(), from) }));
        for (const { backup: id, at, installation, masterKeyId } of found)
          say(`${id}  ${at}  installation ${installation}  master key ${masterKeyId}`);
        if (found.length === 0) say('There is none.');
      }),
    );
  return backup;
}

/** A folder that somebody names is meant from where they stand. */
export const placeOf = ({ backups }: Pick<Configuration, 'backups'>, given: string | undefined): string =>
  given === undefined ? backups.place : given.startsWith('s3://') ? given : callersPath(given);

/** What is refused is told without a stack. */
export async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    say(`✖ ${error.publicMessage} (${error.code})`);
    process.exitCode = exitCodes.found;
  }
}

async function settings(env?: NodeJS.ProcessEnv): Promise<Configuration> {
  try {
    return readConfiguration(env ?? (await installedEnvironment()));
  } catch (error) {
    if (error instanceof ConfigurationError) throw new Unable(error.message, { cause: error });
    throw error;
  }
}

async function backUp(to: string | undefined): Promise<void> {
  const env = await installedEnvironment();
  await withReachableRegistry(env, async (registryUrl) => {
    const configuration = await settings(env);
    const { masterKey } = configuration;
    const place = openPlace({ place: placeOf(configuration, to) });
    const id = newId();
    const source = { registryUrl, masterKey, files: () => filesBeside(configuration) };
    const written = await writePlatformBackup(place, source, id, new AbortController().signal);
    await verifyPlatformBackup(place, id, masterKey);
    if (to === undefined) {
      const registry = await openRegistry(registryUrl, { poolSize: 1 });
      try {
        await recordPlatformBackup(registry.em.fork(), id, written);
      } finally {
        await registry.close(true);
      }
    }
    say(
      `${id}  ${written.at}: ${written.tables} tables, ${written.rows} rows, ${written.bytes} bytes in ${place.name}`,
    );
    say('All of it was read again. It opens with the master key only: keep that somewhere else.');
  });
}
