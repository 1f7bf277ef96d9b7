import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { dataDir as dataDirOf } from '#local/paths.ts';
import { postgresRecord } from '#local/postgres.ts';
import { forgetKept } from '#local/postgres/upgrade/switchClusters.ts';
import { upgradeCluster } from '#local/postgres/upgrade/upgradeCluster.ts';
import { SetupError } from '#local/progress.ts';
import { claimFolder } from '#local/start/folderClaim.ts';
import { withoutEmpty } from '#local/start/startConfiguration.ts';
import { listenForStop } from '#local/stopSignals.ts';
import { Unable } from '../exitCodes.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export function postgresCommand(): Command {
  const postgres = new Command('postgres').description('The PostgreSQL that npm start brings along.');
  postgres
    .command('upgrade')
    .description(
      "Moves its data to the major that this version brings, compares the two, and keeps the old one's folder.",
    )
    .action(() => whileClaimed(upgrade));
  postgres
    .command('forget')
    .description('Removes the folder that an upgrade kept.')
    .action(() =>
      whileClaimed(async (dataDir) => {
        const forgotten = await forgetKept(await realpath(join(dataDir, 'postgres')));
        say(forgotten ? `${forgotten} is removed.` : 'Nothing is kept from an upgrade.');
      }),
    );
  return postgres;
}

async function upgrade(dataDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (env['DATABASE_URL'])
    throw new Unable('DATABASE_URL names a server of its own: it is upgraded as its manual says, not from here.');
  const stopping = new AbortController();
  const signals = listenForStop();
  const asked = signals.asked.then(() => {
    const reason = new SetupError(
      'It was asked to stop. The old data counts; the same command goes on where this one was.',
    );
    stopping.abort(reason);
    throw reason;
  });
  const runDir = join(dataDir, 'run');
  const work = upgradeCluster({ dataDir, runDir, record: postgresRecord, env, signal: stopping.signal });
  const done = await Promise.race([work, asked]).catch(async (error: unknown) => {
    // Its servers are to be down before this ends: a statement that takes long is ended with them by whoever asks again.
    await Promise.race([work, signals.hurried]).catch(() => undefined);
    throw error;
  });
  if (!done) return say('The data is of the PostgreSQL that comes along: nothing is to be done.');
  const { from, to, databases, rows, kept } = done;
  say(`Moved from PostgreSQL ${from} to ${to}: ${databases} databases, ${rows} rows, every table compared.`);
  say(
    `The old data lies in ${kept}. Start Tenantry, and let it go once all is well: npm run tenantry -- postgres forget`,
  );
}

/** Nobody else uses the folder meanwhile: neither Tenantry nor a second command. */
async function whileClaimed(work: (dataDir: string, env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  const env = withoutEmpty(process.env);
  const dataDir = dataDirOf(env);
  const isEmbedded = await realpath(join(dataDir, 'postgres')).then(
    () => true,
    () => false,
  );
  if (!isEmbedded)
    throw new Unable(`There is no PostgreSQL of npm start in ${dataDir}: name the data folder by TENANTRY_DATA_DIR.`);
  try {
    const claim = await claimFolder(dataDir);
    try {
      await work(dataDir, env);
    } finally {
      await claim.release();
    }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new Unable(error.message, { cause: error });
  }
}
