import { createWriteStream } from 'node:fs';
import { chown, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ScratchServer } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { withDatabase } from '../scratch/proveServer.ts';
import type { ScratchPlace, ScratchServers } from '../scratch/scratchServers.ts';
import type { ServerUser } from '../server/serverUser.ts';
import { tellFull } from './copyCluster.ts';
import { openLog, type ArchivedFile, type LogSource } from './walArchive.ts';

/** So many at once keep the thread that compares and the one that unpacks at work. */
const filesAtOnce = 2;

/** Brings the log to where the server recovers from, each file compared with its digest. Refuses `physical_wal_damaged`, `physical_disk_full`. */
export async function fetchLog(
  source: LogSource,
  files: readonly ArchivedFile[],
  { wal }: ScratchPlace,
  user: ServerUser,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...files];
  const fetcher = async (either: AbortSignal): Promise<void> => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const path = join(wal, file.name);
      const pieces = Readable.from(openLog(source, file), { objectMode: true });
      await pipeline(pieces, createWriteStream(path, { mode: 0o600 }), { signal: either }).catch(tellFull);
      if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
    }
  };
  await unlessOneFails(signal, (either) => Array.from({ length: filesAtOnce }, () => fetcher(either)));
}

/**
 * Works at once, none of which outlives the failure of another.
 *
 * @returns what the first of them gives
 */
export async function unlessOneFails<Result>(
  signal: AbortSignal,
  works: (either: AbortSignal) => [Promise<Result>, ...Promise<unknown>[]] | Promise<Result>[],
): Promise<Result> {
  const failing = new AbortController();
  const running = works(AbortSignal.any([signal, failing.signal]));
  let first: unknown = null;
  const outcomes = await Promise.allSettled(
    running.map((work) =>
      work.catch((error: unknown) => {
        first ??= error;
        failing.abort(error);
        throw error;
      }),
    ),
  );
  if (first !== null) throw first;
  const [outcome] = outcomes;
  return (outcome as PromiseFulfilledResult<Result>).value;
}

/** Of a disk that production may lie on too: so much of it stays free. */
const reserve = { bytes: 256 * 1024 * 1024, share: 0.02 };

/** Refuses `physical_disk_full` before anything is written where it would not fit: a full disk stops whoever else writes to it. */
export async function refuseFull(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize - Math.max(reserve.bytes, blocks * bsize * reserve.share);
  const megabytes = (of: number): number => Math.max(0, Math.round(of / 1024 ** 2));
  if (free < bytes)
    throw physicalRefusal(
      'physical_disk_full',
      `To bring the server back takes ${megabytes(bytes)} MB, and ${megabytes(free)} MB may be used of the disk of TENANTRY_SCRATCH_DIR.`,
    );
}

const endedBefore = 'recovery ended before configured recovery target was reached';

/**
 * Recovers a scratch server up to a moment and lets it take writes. Where no transaction came after the moment, the end of the log that was
 * fetched is it: everything that was committed before lies there.
 */
export async function recoverTo(
  scratch: ScratchServers,
  server: ScratchPlace,
  timeline: number,
  at: Date,
  options: { signal: AbortSignal; onWait(): void },
): Promise<void> {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const common = [
    `restore_command = ${quoted(`cp "${server.wal.replaceAll('%', '%%')}/%f" "%p"`)}`,
    `recovery_target_timeline = '${timeline}'`,
    "recovery_target_action = 'promote'",
  ];
  await scratch.recoverAtStart(server);
  try {
    await scratch.start(
      server,
      [...common, `recovery_target_time = '${at.toISOString().replace('T', ' ').replace('Z', '+00')}'`],
      options,
    );
  } catch (error) {
    if (!String((error as { log?: string }).log).includes(endedBefore)) throw error;
    await scratch.start(server, common, options);
  }
}

export async function describeScratch(
  scratch: ScratchServers,
  server: ScratchPlace,
  restored: { files: number; bytes: number },
): Promise<ScratchServer> {
  const adminUrl = scratch.urlOf(server);
  const reachedAt = await withDatabase(adminUrl, 'postgres', new AbortController().signal, async (client) => {
    const { rows } = await client.query<{ at: Date | null }>('select pg_last_xact_replay_timestamp() as at');
    return rows[0]?.at ?? null;
  });
  return {
    id: server.id,
    adminUrl,
    folder: server.folder,
    dataDir: server.data,
    port: server.port,
    reachedAt,
    restored,
  };
}
