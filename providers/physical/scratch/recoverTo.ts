import { mkdir, statfs } from 'node:fs/promises';
import type { ScratchServer } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { withDatabase } from './proveServer.ts';
import type { ScratchPlace, ScratchServers } from './scratchServers.ts';

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

/** The log arrives and is replayed for as long as it takes: whoever asked has a limit of its own. */
const patienceMs = 24 * 3_600_000;

const endedBefore = 'recovery ended before configured recovery target was reached';

/**
 * Recovers a scratch server up to a moment and lets it take writes. Where no transaction came after the moment, the end of the log is it:
 * everything that was committed before lies there.
 *
 * @param to `lastCommit` is the last one that the log holds, where that is known: a recovery that ends before it missed some of the log, for a tool that
 *   could not give a segment is to the server as if there was none
 * @param options `restoreCommand` gives the server the log: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-PITR-RECOVERY
 */
export async function recoverTo(
  scratch: ScratchServers,
  server: ScratchPlace,
  to: { restoreCommand: string; timeline: number; at: Date; lastCommit?: Date },
  work: { signal: AbortSignal; onWait(): void },
): Promise<void> {
  const options = { ...work, patienceMs };
  const { restoreCommand, timeline, at, lastCommit } = to;
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const common = [
    `restore_command = ${quoted(restoreCommand)}`,
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
    if (lastCommit && at < lastCommit) throw endedEarly(error);
    await scratch.start(server, common, options);
    const reachedAt = await reachedBy(scratch.urlOf(server));
    if (lastCommit && reachedAt && reachedAt < lastCommit) throw endedEarly(error);
  }
}

const endedEarly = (cause: unknown) =>
  physicalRefusal(
    'physical_wal_damaged',
    'The log could not be replayed up to the moment: some of it cannot be read, or is not what the server wrote.',
    cause,
  );

const reachedBy = (adminUrl: string): Promise<Date | null> =>
  withDatabase(adminUrl, 'postgres', new AbortController().signal, async (client) => {
    const { rows } = await client.query<{ at: Date | null }>('select pg_last_xact_replay_timestamp() as at');
    return rows[0]?.at ?? null;
  });

export async function describeScratch(
  scratch: ScratchServers,
  server: ScratchPlace,
  restored: { files: number; bytes: number },
): Promise<ScratchServer> {
  const adminUrl = scratch.urlOf(server);
  const reachedAt = await reachedBy(adminUrl);
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
