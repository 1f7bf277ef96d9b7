import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { callersPath } from '../callersPath.ts';
import { exitCodes, Unable } from '../exitCodes.ts';
import { told } from './backupCommand.ts';
import { refillTenants } from './refillTenants.ts';
import { restorePlatform } from './restorePlatform.ts';

interface Options {
  from?: string;
  masterKey?: string;
  backup?: string;
}

export function restoreCommand(): Command {
  const restore = new Command('restore').description('Brings back what was lost.');
  restore
    .command('platform')
    .description('Makes an empty installation what the control plane was when it was backed up.')
    .option('--from <place>', 'where backups lie: a folder or s3://bucket/prefix (default: TENANTRY_BACKUP_PLACE)')
    .option('--master-key <file>', 'the master key that was kept somewhere else (default: TENANTRY_MASTER_KEY…)')
    .option('--backup <id>', 'which one (default: the newest)')
    .action(({ from, masterKey, backup }: Options) =>
      told(async () => {
        const isWhole = await restorePlatform({
          ...(from === undefined ? {} : { from: from.startsWith('s3://') ? from : callersPath(from) }),
          ...(masterKey === undefined ? {} : { masterKey: await readKey(callersPath(masterKey)) }),
          ...(backup === undefined ? {} : { backupId: backup }),
          say: (text) => void process.stdout.write(`${text}\n`),
        });
        process.exitCode = isWhole ? exitCodes.fine : exitCodes.found;
      }),
    );
  restore
    .command('tenants')
    .description(
      'Fills every tenant again whose data was lost, from its newest good backup, by the Tenantry that runs.',
    )
    .action(() =>
      told(async () => {
        const isWhole = await refillTenants((text) => void process.stdout.write(`${text}\n`));
        process.exitCode = isWhole ? exitCodes.fine : exitCodes.found;
      }),
    );
  return restore;
}

const readKey = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    (error: Error) => {
      throw new Unable(`The master key cannot be read: ${error.message}`, { cause: error });
    },
  );
