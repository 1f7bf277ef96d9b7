import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { ArchiveStatus, PhysicalBackup, ScratchServer, Window, WorkOptions } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { chainOf, gapIs, gapsOf, isWhole, leadingTo, windowOf } from '../reach/windows.ts';
import { withDatabase } from '../scratch/proveServer.ts';
import { describeScratch, recoverTo, refuseFull } from '../scratch/recoverTo.ts';
import { ScratchServers, type ScratchPlace } from '../scratch/scratchServers.ts';
import { scratchVerbs } from '../scratch/scratchVerbs.ts';
import { stopCluster } from '../server/clusterServer.ts';
import type { ServerUser } from '../server/serverUser.ts';
import { argumentsOf, callPgbackrest, type CommandOptions, type PgbackrestCommand } from './command.ts';
import { settleEnds, type KnownCommits } from './lastCommit.ts';
import { endAtWork, lockOption } from './orphan.ts';
import { annotation, filesIn, readArchive, readRepository } from './repository.ts';
import type { HeldBackup, Repository, RepositoryLog } from './repository.ts';
import { readReport } from './report.ts';

export interface PgbackrestOptions {
  /** Null where the server is lost: what the repository holds can be restored all the same. */
  adminUrl: string | null;
  scratchDir: string;
  /** The folder with `postgres`, `pg_ctl` and `pg_waldump`. */
  bin: string;
  user: ServerUser;
  program: string;
  stanza: string;
  configFile: string | null;
  /** How long the server may take to hand over its log when it was asked to. */
  archiveMs?: number;
}

const usualArchiveMs = 60_000;
/** As `initdb` makes it where nobody asks for another, for a server that is lost. */
const usualSegmentBytes = 16 * 1024 * 1024;

/**
 * Backups of a server that pgBackRest (https://pgbackrest.org) looks after: its repository, its encryption, its retention of the log. Tenantry asks for full
 * backups, says how far the log reaches, and brings servers back beside; the server's `archive_command` is pgBackRest's own.
 */
export function pgbackrestBackup(options: PgbackrestOptions): PhysicalBackup {
  const { adminUrl, archiveMs = usualArchiveMs, bin, user } = options;
  const command: PgbackrestCommand = options;
  const scratch = new ScratchServers({ root: options.scratchDir, bin, user });
  const commits: KnownCommits = new Map();
  let segment: number | null = null;
  const call = (args: readonly string[], work: CommandOptions): Promise<string> => callPgbackrest(command, args, work);

  async function ask<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    if (adminUrl === null) throw physicalRefusal('physical_unreachable', 'There is no server to ask.');
    const { signal } = new AbortController();
    return withDatabase(adminUrl, 'postgres', signal, async (client) => (await client.query<Row>(text)).rows);
  }

  async function segmentBytes(): Promise<number> {
    if (adminUrl === null) return usualSegmentBytes;
    segment ??= (await ask<{ bytes: number }>('select bytes_per_wal_segment as bytes from pg_control_init()'))[0]!
      .bytes;
    return segment;
  }

  async function read(signal: AbortSignal): Promise<Repository & { log: RepositoryLog }> {
    const bytes = await segmentBytes();
    const repository = await readRepository(command, bytes, signal);
    const log = await readArchive(command, repository, bytes, signal);
    // A lost server leaves no data folder by which pgBackRest would give its log: it is read when the files are back.
    if (adminUrl !== null) await settleEnds(command, repository.backups, log, commits, { bin, signal });
    return { ...repository, log };
  }

  async function held(baseId: string, signal: AbortSignal): Promise<HeldBackup | undefined> {
    const { backups } = await readRepository(command, await segmentBytes(), signal);
    return backups.find(({ base }) => base === baseId);
  }

  async function whyFailing(): Promise<string | null> {
    const [found] = await ask<{ mode: string; command: string; name: string | null }>(
      `select current_setting('archive_mode') as mode, current_setting('archive_command') as command,
         case when last_failed_time > coalesce(last_archived_time, '-infinity') then last_failed_wal end as name
       from pg_stat_archiver`,
    );
    if (found?.mode === 'off') return 'archive_mode is off; it comes on with the next start of the server.';
    return found?.name ? `pgBackRest could not take ${found.name}: its log on the server tells why.` : null;
  }

  async function waiting(): Promise<number> {
    const [found] = await ask<{ waiting: number }>(
      `select count(*)::int as waiting from pg_ls_archive_statusdir() where name ~ '^[0-9A-F]{24}\\.ready$'`,
    );
    return found?.waiting ?? 0;
  }

  async function status(signal: AbortSignal): Promise<ArchiveStatus> {
    const { systemId, backups, log } = await read(signal);
    const windows = backups.map((base) => windowOf(base, log));
    return {
      ...{ systemId, segments: log.count, storedBytes: log.storedBytes, windows, gaps: gapsOf(windows) },
      newestAt: log.newestAt,
      waiting: adminUrl === null ? 0 : await waiting(),
      failing: adminUrl === null ? null : await whyFailing(),
    };
  }

  async function flush(signal: AbortSignal): Promise<ArchiveStatus> {
    // A transaction of its own, so that recovery sees one that is later than any moment before.
    const [now] = await ask<{ name: string }>(
      `with marked as (select pg_logical_emit_message(true, 'tenantry', 'flush') as lsn) select pg_walfile_name(lsn) as name from marked`,
    );
    await ask('select pg_switch_wal()');
    for (const latest = Date.now() + archiveMs; ;) {
      const [found] = await ask<{ is_there: boolean }>(
        `select coalesce(substr(last_archived_wal, 9, 16) >= substr('${now!.name}', 9, 16), false) as is_there from pg_stat_archiver`,
      );
      if (found?.is_there) return status(signal);
      const failing = await whyFailing();
      if (failing || Date.now() > latest)
        throw physicalRefusal(
          'physical_archive_stalled',
          `The server does not hand over its log. ${failing ?? `${now!.name} was waited for.`}`,
        );
      await delay(50, undefined, { signal });
    }
  }

  interface Reached {
    base: HeldBackup;
    window: Window;
    log: RepositoryLog;
  }

  async function reached(at: Date, signal: AbortSignal): Promise<Reached> {
    if (at.getTime() > Date.now()) throw physicalRefusal('physical_too_late', 'This moment has not come yet.');
    const look = async (): Promise<Reached> => {
      const { backups, log } = await read(signal);
      return { ...leadingTo(backups, log, at), log };
    };
    try {
      return await look();
    } catch (error) {
      // What the server has not handed over yet is asked for once.
      if (adminUrl === null || !(error instanceof DomainError) || error.code !== 'physical_too_late') throw error;
      await flush(signal);
      return look();
    }
  }

  /** The files of the server, each compared with its checksum by pgBackRest. */
  async function bringFiles(base: HeldBackup, server: ScratchPlace, { signal }: WorkOptions): Promise<void> {
    const { folder, data } = server;
    const own = [`--pg1-path=${data}`, lockOption(folder), `--tablespace-map-all=${join(folder, 'spaces')}`];
    await call([...own, '--type=none', `--set=${base.label}`, 'restore'], { signal });
  }

  async function recover(id: string, at: Date, { signal, onProgress }: WorkOptions): Promise<ScratchServer> {
    const { base, log, ...found } = await reached(at, signal);
    let { window } = found;
    const chain = chainOf(base, log);
    await tearDown(id); // what an earlier attempt left gives its room back
    await refuseFull(options.scratchDir, base.view.bytes + chain.segments.length * base.segmentBytes);
    const server = await scratch.make(id);
    try {
      await bringFiles(base, server, { signal });
      if (adminUrl === null) {
        await settleEnds(command, [base], log, commits, { bin, data: server.data, signal });
        ({ window } = leadingTo([base], log, at));
      }
      const restored = { files: await filesIn(command, base.label, signal), bytes: base.view.bytes };
      const restoreCommand = archiveGet(command, server);
      const to = { restoreCommand, timeline: chain.timeline, at, lastCommit: window.until };
      await recoverTo(scratch, server, to, { signal, onWait: () => onProgress?.(restored) });
      await endAtWork(server.folder);
      return await describeScratch(scratch, server, restored);
    } catch (error) {
      // Another attempt, that took this one for dead, has begun anew under the id: what lies there is its.
      if ((await scratch.find(id))?.socketDir === server.socketDir) await tearDown(id);
      throw error;
    }
  }

  async function tearDown(id: string): Promise<void> {
    const found = await scratch.find(id);
    if (found) {
      await stopCluster(found.data, 'immediate'); // it would ask for more log
      await endAtWork(found.folder);
    }
    await scratch.tearDown(id);
  }

  return {
    kind: 'pgbackrest',
    ...scratchVerbs(scratch, tearDown),

    async backUp(baseId, { signal }) {
      const failing = await whyFailing();
      if (failing)
        throw physicalRefusal('physical_archive_stalled', `Without its log a copy is worth nothing. ${failing}`);
      // An earlier attempt may have come to its end after whoever asked for it was killed.
      if (!(await held(baseId, signal)))
        await call(['--type=full', '--start-fast', `--annotation=${annotation}=${baseId}`, 'backup'], { signal });
      const made = await held(baseId, signal);
      if (!made) throw new Error('pgBackRest says that it made a backup, and does not list it');
      return { ...made.view, files: await filesIn(command, made.label, signal) };
    },

    async list() {
      const { signal } = new AbortController();
      const { backups } = await readRepository(command, await segmentBytes(), signal);
      return Promise.all(
        backups.map(async ({ view, label }) => ({ ...view, files: await filesIn(command, label, signal) })),
      );
    },

    async verify(baseId, { signal }) {
      const { backups, log, archiveId } = await read(signal);
      const base = backups.find((one) => one.base === baseId);
      if (!base) throw physicalRefusal('physical_not_found', 'There is no such base backup.');
      const chain = chainOf(base, log);
      if (!isWhole(base, chain)) throw gapIs(chain.gap?.first ?? base.stopSegment);
      const said = await call(['--output=text', '--verbose', 'verify'], { signal });
      const found = readReport(said, archiveId, base.label);
      if (!found.isBaseValid)
        throw physicalRefusal('physical_base_damaged', 'pgBackRest found files of it that are not what was written.');
      if (!found.isLogValid)
        throw physicalRefusal('physical_wal_damaged', 'pgBackRest found log that is not what the server wrote.');
    },

    ship: () => Promise.resolve(0), // the server hands over by pgBackRest itself
    discard: async (baseId) => {
      const { signal } = new AbortController();
      const found = await held(baseId, signal);
      if (found) await call([`--set=${found.label}`, 'expire'], { signal });
    },
    archive: status,
    flush,
    choose: async (at, signal) => (await reached(at, signal)).window,
    restore: recover,

    async expire(kept, signal) {
      const before = await read(signal);
      await call([`--repo1-retention-full=${kept}`, '--repo1-retention-full-type=count', 'expire'], { signal });
      const after = await read(signal);
      const stay = new Set(after.backups.map(({ base }) => base));
      return {
        bases: before.backups.map(({ base }) => base).filter((base) => !stay.has(base)),
        segments: Math.max(0, before.log.count - after.log.count),
      };
    },
  };
}

/** What a recovering server asks for its log by: files ahead of it are fetched while it replays, into a folder of its own. */
function archiveGet(command: PgbackrestCommand, { data, folder }: ScratchPlace): string {
  const own = [`--pg1-path=${data}`, lockOption(folder), `--spool-path=${join(folder, 'spool')}`];
  const all = [
    command.program,
    ...argumentsOf(command),
    ...own,
    '--archive-async',
    '--log-level-file=off',
    'archive-get',
  ];
  return `${all.map((word) => `"${word.replaceAll('%', '%%')}"`).join(' ')} %f "%p"`;
}
