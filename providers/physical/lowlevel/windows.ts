import type { BaseManifest } from '#domain/backups/format/baseManifest.ts';
import type { BaseBackup, Gap, Window } from '../physicalBackup.ts';
import { physicalRefusal } from '../refusals.ts';
import { follow, historyName, isHistory, lsnOf, segmentName, segmentNumberOf, type Chain } from './timelines.ts';
import type { ArchivedFile, LogIndex } from './walArchive.ts';

export const viewOf = (manifest: BaseManifest, storedBytes?: number): BaseBackup => ({
  ...{ id: manifest.base, systemId: manifest.system, postgres: manifest.postgres, timeline: manifest.timeline },
  ...{ startedAt: new Date(manifest.startedAt), stoppedAt: new Date(manifest.stoppedAt) },
  ...{ bytes: manifest.bytes, files: manifest.files },
  storedBytes: storedBytes ?? manifest.parts.reduce((sum, part) => sum + part.stored, manifest.index.stored),
});

export const chainOf = (base: BaseManifest, log: LogIndex): Chain =>
  follow(
    {
      ...{ timeline: base.timeline, number: segmentNumberOf(base.startSegment, base.segmentBytes) },
      ...{ stopLsn: lsnOf(base.stopLsn), stopNumber: segmentNumberOf(base.stopSegment, base.segmentBytes) },
    },
    log,
  );

export function windowOf(base: BaseManifest, log: LogIndex): Window {
  const { segments, gap } = chainOf(base, log);
  const from = new Date(base.stoppedAt);
  const last = segments.at(-1);
  const isWhole = (last?.number ?? -1) >= segmentNumberOf(base.stopSegment, base.segmentBytes);
  // A window that ends before it begins holds no moment.
  const until =
    isWhole && last ? new Date(Math.max(last.endedAt.getTime(), from.getTime())) : new Date(from.getTime() - 1);
  return { baseId: base.base, from, until, gap };
}

export const gapsOf = (windows: Window[]): Gap[] => [
  ...new Map(windows.flatMap(({ gap }) => (gap ? [[gap.first, gap] as const] : []))).values(),
];

/** Up to the first segment that ends behind the moment, and at least what makes the copy one of one moment. */
export function filesOf(base: BaseManifest, { segments, timeline }: Chain, log: LogIndex, at: Date): ArchivedFile[] {
  const least = segmentNumberOf(base.stopSegment, base.segmentBytes);
  const end = segments.findIndex(({ endedAt, number }) => number >= least && endedAt > at);
  const wanted = end < 0 ? segments : segments.slice(0, end + 1);
  const files = wanted.map((one) => log.byName.get(segmentName(one.timeline, one.number, base.segmentBytes))!);
  const histories = log.files.filter(({ name }) => isHistory(name) && name <= historyName(timeline));
  return [...histories, ...files];
}

export function tooEarly(bases: BaseManifest[]) {
  const [first] = bases;
  return first
    ? physicalRefusal(
        'physical_too_early',
        `Nothing reaches back so far: the oldest base backup is of ${first.stoppedAt}.`,
      )
    : physicalRefusal('physical_too_early', 'There is no base backup yet.');
}

export const tooLate = (until: Date) =>
  physicalRefusal('physical_too_late', `The archive reaches until ${until.toISOString()}, and this moment is later.`);

export const inGap = ({ until, gap }: Window) =>
  physicalRefusal(
    'physical_in_gap',
    `The archive has a gap behind ${until.toISOString()}: ${gap?.first} is missing. No later moment can be reached from this base backup.`,
  );

export const gapIs = (name: string) =>
  physicalRefusal('physical_wal_gap', `The archive has a gap: ${name} is missing, and the base backup needs it.`);
