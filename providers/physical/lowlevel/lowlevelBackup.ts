import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DomainError } from '#contracts/errors.ts';
import type { Signer } from '#domain/audit/signingKeys.ts';
import type { KeyBook } from '#domain/audit/statements.ts';
import type { BaseManifest } from '#domain/backups/format/baseManifest.ts';
import type { Place } from '#domain/places/place.ts';
import type { ArchiveStatus, PhysicalBackup, ScratchServer, Window, WorkOptions } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { segmentName, segmentNumberOf } from '../reach/timelines.ts';
import { chainOf, gapIs, gapsOf, isWhole, leadingTo, windowOf } from '../reach/windows.ts';
import { withDatabase } from '../scratch/proveServer.ts';
import { describeScratch, recoverTo, refuseFull } from '../scratch/recoverTo.ts';
import { scratchVerbs } from '../scratch/scratchVerbs.ts';
import { ScratchServers } from '../scratch/scratchServers.ts';
import type { ServerUser } from '../server/serverUser.ts';
import { unlessOneFails } from '../unlessOneFails.ts';
import { filesOf, viewOf } from './baseView.ts';
import { listBases, readManifest, unpackBase, verifyBase, type BaseSource } from './baseReader.ts';
import { deleteBase, writeBase } from './baseWriter.ts';
import { announceLog, fetchLog, takeLog } from './fetchLog.ts';
import { clusterKeyOf } from './sealing.ts';
import { expireLog, openLog, readLog, shipLog, waitingLog, type LogIndex, type LogSource } from './walArchive.ts';

export interface LowlevelOptions {
  /** Null where the server is lost: what the place holds can be restored all the same. */
  adminUrl: string | null;
  /** Of the cluster when there is no server to ask. */
  systemId?: string;
  /** Where the server's `archive_command` puts its log. */
  spoolDir: string;
  scratchDir: string;
  /** The folder with `postgres`, `pg_ctl` and `initdb`. */
  bin: string;
  user: ServerUser;
  place: Place;
  masterKey: Buffer;
  installationId: string;
  signer(): Promise<Signer>;
  keys(): Promise<KeyBook | null>;
  /** How long the server may take to hand over its log when it was asked to. */
  archiveMs?: number;
}

const usualArchiveMs = 60_000;

/** Base backups by PostgreSQL's low-level API, and the log by `archive_command`: nothing is needed but the server itself. */
export function lowlevelBackup(options: LowlevelOptions): PhysicalBackup {
  const { adminUrl, spoolDir, place, masterKey, installationId, archiveMs = usualArchiveMs } = options;
  const scratch = new ScratchServers({ root: options.scratchDir, bin: options.bin, user: options.user });
  const key = clusterKeyOf(masterKey);
  let system: Promise<string> | null = null;
  const askSystem = async (): Promise<string> => {
    if (options.systemId !== undefined) return options.systemId;
    return (await ask<{ id: string }>('select system_identifier::text as id from pg_control_system()'))[0]!.id;
  };
  const systemOf = (): Promise<string> => {
    system ??= askSystem();
    system.catch(() => (system = null));
    return system;
  };
  const logSource = async (): Promise<LogSource> => ({ place, key, systemId: await systemOf() });
  const baseSource = async (): Promise<BaseSource> => ({ place, masterKey, keys: await options.keys() });

  async function ask<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    if (adminUrl === null) throw physicalRefusal('physical_unreachable', 'There is no server to ask.');
    return withDatabase(
      adminUrl,
      'postgres',
      new AbortController().signal,
      async (client) => (await client.query<Row>(text)).rows,
    );
  }

  async function manifests(): Promise<BaseManifest[]> {
    const systemId = await systemOf();
    const source = await baseSource();
    const found: BaseManifest[] = [];
    for (const baseId of await listBases(place, systemId)) found.push(await readManifest(source, { systemId, baseId }));
    return found.toSorted((one, other) => (one.stoppedAt < other.stoppedAt ? -1 : 1));
  }

  const read = async () => {
    const bases = await manifests();
    const log = await readLog(await logSource(), bases[0]?.segmentBytes ?? 16 * 1024 * 1024);
    return { bases, log };
  };

  /** Until a segment is in the archive, or the server says that it cannot hand it over. */
  async function awaitSegment(name: string, signal: AbortSignal): Promise<void> {
    const source = await logSource();
    for (const latest = Date.now() + archiveMs; ;) {
      await shipLog(source, spoolDir, signal);
      for await (const file of source.place.list(`physical/${source.systemId}/wal/${name.slice(0, 8).toLowerCase()}`))
        if (file.key.includes(`/${name.toLowerCase()}-`)) return;
      const failing = await whyFailing();
      if (failing || Date.now() > latest)
        throw physicalRefusal(
          'physical_archive_stalled',
          `The server does not hand over its log. ${failing ?? `${name} was waited for.`}`,
        );
      await delay(50, undefined, { signal });
    }
  }

  /** Null while the server hands over, or has nothing to. */
  async function whyFailing(): Promise<string | null> {
    const [found] = await ask<{ mode: string; name: string | null; failed: number }>(
      `select current_setting('archive_mode') as mode, failed_count::int as failed,
         case when last_failed_time > coalesce(last_archived_time, '-infinity') then last_failed_wal end as name
       from pg_stat_archiver`,
    );
    if (found?.mode === 'off') return 'archive_mode is off; it comes on with the next start of the server.';
    return found?.name ? `It could not write ${found.name} into its spool: is the disk full?` : null;
  }

  async function status(): Promise<ArchiveStatus> {
    const { bases, log } = await read();
    const windows = bases.map((base) => windowOf(base, log));
    const newest = log.files.reduce<Date | null>(
      (most, { endedAt }) => (most && most > endedAt ? most : endedAt),
      null,
    );
    return {
      ...{ systemId: await systemOf(), segments: log.files.length },
      storedBytes: log.files.reduce((sum, { stored }) => sum + stored, 0),
      ...{ windows, gaps: gapsOf(windows), newestAt: newest },
      waiting: (await waitingLog(spoolDir)).length,
      failing: adminUrl === null ? null : await whyFailing(),
    };
  }

  async function chosen(at: Date): Promise<{ base: BaseManifest; log: LogIndex; window: Window }> {
    const { bases, log } = await read();
    return { ...leadingTo(bases, log, at), log };
  }

  async function flush(signal: AbortSignal): Promise<ArchiveStatus> {
    // A transaction of its own, so that recovery sees one that is later than any moment before.
    const [now] = await ask<{ name: string }>(
      `with marked as (select pg_logical_emit_message(true, 'tenantry', 'flush') as lsn) select pg_walfile_name(lsn) as name from marked`,
    );
    await ask('select pg_switch_wal()');
    await awaitSegment(now!.name, signal);
    return status();
  }

  async function reached(at: Date, signal: AbortSignal): Promise<Awaited<ReturnType<typeof chosen>>> {
    if (at.getTime() > Date.now()) throw physicalRefusal('physical_too_late', 'This moment has not come yet.');
    try {
      return await chosen(at);
    } catch (error) {
      // What the server has not handed over yet is asked for once.
      if (adminUrl === null || !(error instanceof DomainError) || error.code !== 'physical_too_late') throw error;
      await flush(signal);
      return chosen(at);
    }
  }

  async function recover(id: string, at: Date, { signal, onProgress }: WorkOptions): Promise<ScratchServer> {
    const { base, log: index } = await reached(at, signal);
    const chain = chainOf(base, index);
    const needed = filesOf(base, chain, index, at);
    await scratch.tearDown(id); // what an earlier attempt left gives its room back
    await refuseFull(options.scratchDir, base.bytes + needed.length * base.segmentBytes);
    const server = await scratch.make(id);
    try {
      const { user } = options;
      const [bases, log] = [await baseSource(), await logSource()];
      await announceLog(needed, server);
      const restored = await unpackBase(bases, base, server.data, { signal, onProgress, user });
      const to = { restoreCommand: takeLog(server), timeline: chain.timeline, at };
      // Later log arrives while the server replays what is there.
      await unlessOneFails(signal, (either) => [
        recoverTo(scratch, server, to, { signal: either, onWait: () => onProgress?.(restored) }),
        fetchLog(log, needed, server, user, either),
      ]);
      return await describeScratch(scratch, server, restored);
    } catch (error) {
      // Another attempt, that took this one for dead, has begun anew under the id: what lies there is its.
      if ((await scratch.find(id))?.socketDir === server.socketDir) await scratch.tearDown(id);
      throw error;
    }
  }

  return {
    kind: 'lowlevel',
    ...scratchVerbs(scratch),

    async backUp(baseId, work) {
      if (adminUrl === null) throw physicalRefusal('physical_unreachable', 'There is no server to back up.');
      const failing = await whyFailing();
      if (failing)
        throw physicalRefusal('physical_archive_stalled', `Without its log a copy is worth nothing. ${failing}`);
      const systemId = await systemOf();
      await deleteBase(place, { systemId, baseId }); // what an earlier attempt left
      const target = { place, masterKey, installationId, signer: await options.signer() };
      const { manifest, storedBytes } = await writeBase({ adminUrl }, target, baseId, work);
      await awaitSegment(manifest.stopSegment, work.signal);
      return viewOf(manifest, storedBytes);
    },

    list: async () => (await manifests()).map((manifest) => viewOf(manifest)),

    async verify(baseId, work) {
      const manifest = await readManifest(await baseSource(), { systemId: await systemOf(), baseId });
      const log = await readLog(await logSource(), manifest.segmentBytes);
      const last = segmentNumberOf(manifest.stopSegment, manifest.segmentBytes);
      const chain = chainOf(manifest, log);
      const { segments, gap } = chain;
      if (!isWhole(manifest, chain)) throw gapIs(gap?.first ?? manifest.stopSegment);
      for (const segment of segments.filter(({ number }) => number <= last)) {
        const file = log.byName.get(segmentName(segment.timeline, segment.number, manifest.segmentBytes))!;
        for await (const _piece of openLog(await logSource(), file)) work.signal.throwIfAborted();
      }
      await verifyBase(await baseSource(), manifest, work);
    },

    ship: async (signal) => shipLog(await logSource(), spoolDir, signal),
    discard: async (baseId) => deleteBase(place, { systemId: await systemOf(), baseId }),

    async archive(signal) {
      await shipLog(await logSource(), spoolDir, signal);
      return status();
    },

    flush,

    choose: async (at, signal) => (await reached(at, signal)).window,

    restore: recover,

    async expire(kept, signal) {
      const { bases } = await read();
      const systemId = await systemOf();
      const gone = bases.slice(0, Math.max(0, bases.length - kept));
      for (const { base } of gone) await deleteBase(place, { systemId, baseId: base });
      const oldest = bases[gone.length];
      const segments = oldest
        ? await expireLog(
            await logSource(),
            segmentNumberOf(oldest.startSegment, oldest.segmentBytes),
            oldest.segmentBytes,
            signal,
          )
        : 0;
      return { bases: gone.map(({ base }) => base), segments };
    },
  };
}
