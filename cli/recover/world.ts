import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FiledWorld } from '#activities/recovery/filed/carryOutFiled.ts';
import { rebuildActions, type RestoreParams } from '#activities/recovery/rebuild.ts';
import { replicationActions } from '#activities/recovery/replication.ts';
import { DomainError } from '#contracts/errors.ts';
import { readConfiguration } from '#domain/configuration.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { openPlatform, type Platform } from '#domain/platform.ts';
import { rows } from '#domain/sql.ts';
import { dataDir as dataDirOf } from '#local/paths.ts';
import { FileBook } from '#providers/replication/fileBook.ts';
import { DatabaseServers } from '#providers/replication/servers.ts';
import { callersPath } from '../callersPath.ts';
import { Unable } from '../exitCodes.ts';
import { installedEnvironment } from '../installed.ts';
import { restorePlatform } from '../platform/restorePlatform.ts';

export interface World extends FiledWorld {
  close(): Promise<void>;
}

/** What can be done without a control plane. Who moves which servers stands in the data folder, for every journal of this machine. */
export function worldWithout(say: (text: string) => void): World {
  const env = process.env;
  const servers = DatabaseServers.in(env['TENANTRY_SERVERS'] || null);
  let opened: Promise<Platform> | null = null;
  /** Asked each time until it is there: an earlier step may have brought it back. */
  const platform = (): Promise<Platform> => {
    opened ??= installedEnvironment(env).then((known) => openPlatform(readConfiguration(known), { poolSize: 2 }));
    opened.catch(() => (opened = null));
    return opened;
  };
  const settings = async () => readConfiguration(await installedEnvironment(env));
  return {
    actions: [
      ...replicationActions({ servers, book: new FileBook(join(dataDirOf(env), 'recovery', 'servers')) }),
      ...rebuildActions({
        platform,
        restore: (params, { executionId }) => restoreOnce(params, executionId, { platform, say }),
        async backups() {
          const { backups, masterKey } = await settings();
          return { place: openPlace(backups), masterKey };
        },
      }),
    ],
    // Whoever stands at this machine reaches what it reaches.
    toPrivateNetworks: true,
    async databaseUrl(on) {
      const known = await installedEnvironment(env);
      const url = known['TENANTRY_READER_DATABASE_URL'] ?? known['TENANTRY_APP_DATABASE_URL'];
      if (!url) return null;
      const there = new URL(url);
      if (on !== 'registry') there.pathname = `/${on}`;
      return there.toString();
    },
    progress: (key, text) => say(`  ${key}: ${text}`),
    close: async () => void (await opened?.then((one) => one.close()).catch(() => undefined)),
  };
}

/** A restore that came to its end, and of which only the note was lost, is not made again. */
async function restoreOnce(
  { from, masterKeyFile, backup }: RestoreParams,
  executionId: string,
  { platform, say }: { platform(): Promise<Platform>; say(text: string): void },
): Promise<boolean> {
  try {
    return await restorePlatform({
      ...(from ? { from: from.startsWith('s3://') ? from : callersPath(from) } : {}),
      ...(masterKeyFile ? { masterKey: (await readFile(callersPath(masterKeyFile), 'utf8')).trim() } : {}),
      ...(backup ? { backupId: backup } : {}),
      say: (text) => say(`  ${text}`),
    });
  } catch (error) {
    if (error instanceof Unable) throw new DomainError('restore_refused', error.message, { cause: error });
    const isThere = error instanceof DomainError && error.code === 'registry_not_empty';
    if (!isThere || !(await wasRestoredSince(await platform(), bornAt(executionId)))) throw error;
    say('  the registry was restored by this execution already');
    return true;
  }
}

/** An id of version 7 begins with when it was made (RFC 9562). */
const bornAt = (id: string): Date => new Date(parseInt(id.replaceAll('-', '').slice(0, 12), 16));

async function wasRestoredSince({ registry }: Platform, since: Date): Promise<boolean> {
  const found = await rows(registry.em.fork())`
    select 1 from events where type = 'platform.restored' and created_at >= ${since.toISOString()}::timestamptz`;
  return found.length > 0;
}
