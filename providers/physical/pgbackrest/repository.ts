import { v5 as nameOf } from 'uuid';
import { z } from 'zod';
import type { BaseBackup } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import type { Anchor, ArchivedLog } from '../reach/windows.ts';
import { isHistory, isSegment, readHistory, segmentNumberOf, timelineOf } from '../reach/timelines.ts';
import { callPgbackrest, type PgbackrestCommand } from './command.ts';

/** The annotation that tells which of ours a backup is. */
export const annotation = 'tenantry';
/** Where the ids of backups are drawn from that somebody else made. */
const ofOthers = '5f6c2f0e-3d0b-4b36-9f0e-0d5a4a1c7b52';

/** What `pgbackrest info --output=json` tells: https://pgbackrest.org/command.html#command-info */
const Info = z.array(
  z.object({
    name: z.string(),
    status: z.object({ code: z.int(), message: z.string() }),
    db: z.array(
      z.object({ id: z.int(), 'system-id': z.union([z.int(), z.bigint(), z.string()]), version: z.string() }),
    ),
    archive: z.array(z.object({ id: z.string(), database: z.object({ id: z.int() }) })),
    backup: z.array(
      z.object({
        label: z.string(),
        error: z.boolean().nullish(),
        timestamp: z.object({ start: z.int(), stop: z.int() }),
        lsn: z.object({ start: z.string(), stop: z.string() }).nullish(),
        archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
        database: z.object({ id: z.int() }),
        info: z.object({ size: z.number(), repository: z.object({ delta: z.number(), size: z.number().nullish() }) }),
        annotation: z.record(z.string(), z.string()).nullish(),
      }),
    ),
  }),
);

/** A backup as the way to a moment begins with it. */
export interface HeldBackup extends Anchor {
  label: string;
  view: Omit<BaseBackup, 'files'>;
}

export interface Repository {
  systemId: string;
  /** The folder of the log in the repository: version and number of the cluster. */
  archiveId: string;
  /** Of the present cluster, the oldest first. */
  backups: HeldBackup[];
}

/** 64 bits without a sign do not fit into a number of JavaScript. */
const withWholeIds = (json: string): string => json.replace(/("system-id":)(\d+)/g, '$1"$2"');

/** Reads the list. Refuses `physical_not_found` where the stanza was never created. */
export async function readRepository(
  command: PgbackrestCommand,
  segmentBytes: number,
  signal: AbortSignal,
): Promise<Repository> {
  return repositoryOf(
    await callPgbackrest(command, ['--output=json', 'info'], { signal }),
    command.stanza,
    segmentBytes,
  );
}

export function repositoryOf(json: string, stanza: string, segmentBytes: number): Repository {
  const info = Info.parse(JSON.parse(withWholeIds(json))).find(({ name }) => name === stanza);
  const cluster = info?.db.at(-1);
  if (!info || !cluster)
    throw physicalRefusal(
      'physical_not_found',
      `pgBackRest knows no stanza "${stanza}". Create it: pgbackrest --stanza=${stanza} stanza-create`,
    );
  const systemId = String(cluster['system-id']);
  const backups = info.backup
    .filter((one) => one.database.id === cluster.id && !one.error && one.archive.start && one.archive.stop && one.lsn)
    .map((one): HeldBackup => {
      // Told in whole seconds: it ended within the one that follows.
      const stoppedAt = new Date((one.timestamp.stop + 1) * 1_000);
      const [start, stop] = [one.archive.start!, one.archive.stop!];
      const id = idOf(one.annotation?.[annotation], systemId, one.label);
      return {
        ...{
          base: id,
          label: one.label,
          timeline: timelineOf(stop),
          startSegment: start,
          stopSegment: stop,
          segmentBytes,
        },
        ...{ stopLsn: one.lsn!.stop, stoppedAt: stoppedAt.toISOString() },
        view: {
          ...{ id, systemId, postgres: versionOf(cluster.version), timeline: timelineOf(stop) },
          ...{ startedAt: new Date(one.timestamp.start * 1_000), stoppedAt },
          ...{ bytes: one.info.size, storedBytes: one.info.repository.delta },
        },
      };
    });
  const archiveId = info.archive.findLast(({ database }) => database.id === cluster.id)?.id;
  return { systemId, archiveId: archiveId ?? `${cluster.version}-${cluster.id}`, backups };
}

const idOf = (noted: string | undefined, systemId: string, label: string): string =>
  z.uuid().safeParse(noted).data ?? nameOf(`${systemId}/${label}`, ofOthers);

/** As in `server_version_num`, without the minor version. */
const versionOf = (text: string): number => Math.floor(Number(text)) * 10_000;

const Listed = z.record(
  z.string(),
  z.object({ type: z.string(), size: z.number().nullish(), time: z.number().nullish() }),
);

export interface RepositoryLog extends ArchivedLog {
  count: number;
  storedBytes: number;
  newestAt: Date | null;
}

const nameInRepository = /(?:^|\/)([0-9A-F]{24})-[0-9a-f]{40}(?:\.[a-z0-9]+)?$|(?:^|\/)([0-9A-F]{8}\.history)$/;

/**
 * What the repository holds of the log. When a segment ends is not known from the list: `endedAt` is when it came into the repository, which is
 * later, and {@link lastCommitIn} tells better where it counts.
 */
export async function readArchive(
  command: PgbackrestCommand,
  { archiveId }: Pick<Repository, 'archiveId'>,
  segmentBytes: number,
  signal: AbortSignal,
): Promise<RepositoryLog> {
  const { stanza } = command;
  const folder = `archive/${stanza}/${archiveId}`;
  const text = await callPgbackrest(command, ['--output=json', '--recurse', 'repo-ls', folder], { signal });
  const log: RepositoryLog = {
    ...{ segments: new Map(), histories: new Map(), segmentBytes },
    ...{ count: 0, storedBytes: 0, newestAt: null },
  };
  for (const [path, { type, size, time }] of Object.entries(Listed.parse(JSON.parse(text || '{}')))) {
    const [, segment, history] = nameInRepository.exec(path) ?? [];
    if (type !== 'file' || (!segment && !history)) continue;
    log.storedBytes += size ?? 0;
    if (segment && isSegment(segment)) {
      const [timeline, number] = [timelineOf(segment), segmentNumberOf(segment, segmentBytes)];
      const endedAt = new Date((time ?? 0) * 1_000);
      const of = log.segments.get(timeline) ?? new Map();
      of.set(number, { timeline, number, endedAt });
      log.segments.set(timeline, of);
      log.count += 1;
      if (!log.newestAt || endedAt > log.newestAt) log.newestAt = endedAt;
    } else if (history && isHistory(history)) {
      const held = await callPgbackrest(command, ['repo-get', `${folder}/${path}`], { signal });
      log.histories.set(timelineOf(history), readHistory(held));
    }
  }
  return log;
}

/** How many files a backup holds, by its own list. */
export async function filesIn(command: PgbackrestCommand, label: string, signal: AbortSignal): Promise<number> {
  let isFiles = false;
  let files = 0;
  await callPgbackrest(command, ['repo-get', `backup/${command.stanza}/${label}/backup.manifest`], {
    signal,
    onLine(line) {
      if (line.startsWith('[')) isFiles = line === '[target:file]';
      else if (isFiles && line.includes('=')) files += 1;
    },
  });
  return files;
}
