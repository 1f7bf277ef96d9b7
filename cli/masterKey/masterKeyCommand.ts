import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { DomainError } from '#contracts/errors.ts';
import { openRegistry, type Sql } from '#domain/database.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import {
  masterKeyStanding,
  offerMasterKey,
  settleMasterKey,
  withdrawMasterKey,
  type MasterKeyStanding,
} from '#domain/secrets/masterKeyRotation.ts';
import { masterKeyIdOf } from '#domain/secrets/keyring.ts';
import { dataDir } from '#local/paths.ts';
import { masterKeyFile } from '#local/start/secrets.ts';
import { callersPath } from '../callersPath.ts';
import { exitCodes, Unable } from '../exitCodes.ts';
import { installedEnvironment, withReachableRegistry } from '../installed.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function masterKeyCommand(): Command {
  const command = new Command('master-key').description('Changes the master key, with a time in which both are good.');
  command
    .command('status')
    .description('Which master key is in force, and which one is offered.')
    .action(() => told(async (em) => describe(await masterKeyStanding(em))));
  command
    .command('offer')
    .description('Lets a new master key open the registry beside the present one.')
    .requiredOption('--new-key <file>', 'where the new key lies (32 bytes in base64); made there when there is none')
    .option('--install', 'also put it in the place of the key of `npm start`, and the present one beside it')
    .action(({ newKey, install = false }: { newKey: string; install?: boolean }) =>
      told(async (em, env) => {
        const file = callersPath(newKey);
        const [current, next] = [await presentKey(env), await newKeyIn(file)];
        const kept = install ? installedFile(env) : null; // before anything is changed: it may not be ours to replace
        describe(await offerMasterKey(em, { current, next }, theSystem));
        if (kept) await replace(kept, current, next);
        say(
          `\nKeep ${file} where neither the backups nor the machine are. Then ${kept ? 'restart Tenantry' : 'give it to every api and worker and restart them one after the other'},` +
            ' and end it by `tenantry master-key settle`, with the new key in the environment.',
        );
      }),
    );
  command
    .command('settle')
    .description('Makes the offered master key the only one. Wants to be run with that key.')
    .action(() =>
      told(async (em, env) => {
        describe(await settleMasterKey(em, await presentKey(env), theSystem));
        say(
          '\nThe old key opens no registry any more. Backups of the control plane from before need it: keep it as long as them.',
        );
      }),
    );
  command
    .command('withdraw')
    .description('Takes the offer back: only the present master key is good again.')
    .action(() => told(async (em) => describe(await withdrawMasterKey(em, theSystem))));
  return command;
}

function describe({ current, next, offeredAt }: MasterKeyStanding): void {
  say(`in force   ${current}`);
  say(next ? `offered    ${next}, since ${offeredAt}` : 'offered    none');
}

async function told(work: (em: Sql, env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  const env = await installedEnvironment();
  await withReachableRegistry(env, async (url) => {
    const registry = await openRegistry(url, { poolSize: 1 });
    try {
      await work(registry.em.fork(), env);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      say(`✖ ${error.publicMessage} (${error.code})`);
      process.exitCode = exitCodes.found;
    } finally {
      await registry.close(true);
    }
  });
}

const parsed = (text: string, where: string): Buffer => {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) throw new Unable(`${where} is no master key: it must be 32 bytes in base64.`);
  return key;
};

/** As a process of this installation would find it. */
async function presentKey(env: NodeJS.ProcessEnv): Promise<Buffer> {
  const given = env['TENANTRY_MASTER_KEY'];
  if (given) return parsed(given, 'TENANTRY_MASTER_KEY');
  const file = env['TENANTRY_MASTER_KEY_FILE'] ?? masterKeyFile(dataDir(env));
  return parsed(await readKey(file), file);
}

const readKey = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: Error) => {
    throw new Unable(`The master key cannot be read: ${error.message}`, { cause: error });
  });

async function newKeyIn(file: string): Promise<Buffer> {
  try {
    await writeKey(file, randomBytes(32), 'wx');
    say(`A new master key was made: ${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new Unable(`The new key cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return parsed(await readKey(file), file);
}

/** Refuses where the key of this installation is not the file that `npm start` made. */
function installedFile(env: NodeJS.ProcessEnv): string {
  const file = masterKeyFile(dataDir(env));
  if (env['TENANTRY_MASTER_KEY'] || (env['TENANTRY_MASTER_KEY_FILE'] ?? file) !== file)
    throw new Unable(
      '--install is for the key of `npm start`; here the environment says where the key is: change it there.',
    );
  return file;
}

/** Whatever moment this is broken off at, the file holds one whole key, and both open the registry. */
async function replace(file: string, current: Buffer, next: Buffer): Promise<void> {
  await writeKey(join(dirname(file), `master.key.${masterKeyIdOf(current)}`), current, 'w');
  await writeKey(`${file}.${process.pid}`, next, 'w');
  await rename(`${file}.${process.pid}`, file);
}

async function writeKey(file: string, key: Buffer, flag: 'w' | 'wx'): Promise<void> {
  const handle = await open(file, flag, 0o600);
  try {
    await handle.writeFile(`${key.toString('base64')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
