import type { BaseManifest } from '#domain/backups/format/baseManifest.ts';
import type { BaseBackup } from '../physicalBackup.ts';
import { historyName, isHistory, segmentName, segmentNumberOf, type Chain } from '../reach/timelines.ts';
import type { ArchivedFile, LogIndex } from './walArchive.ts';

export const viewOf = (manifest: BaseManifest, storedBytes?: number): BaseBackup => ({
  ...{ id: manifest.base, systemId: manifest.system, postgres: manifest.postgres, timeline: manifest.timeline },
  ...{ startedAt: new Date(manifest.startedAt), stoppedAt: new Date(manifest.stoppedAt) },
  ...{ bytes: manifest.bytes, files: manifest.files },
  storedBytes: storedBytes ?? manifest.parts.reduce((sum, part) => sum + part.stored, manifest.index.stored),
});

/** Up to the first segment that ends behind the moment, and at least what makes the copy one of one moment. */
export function filesOf(base: BaseManifest, { segments, timeline }: Chain, log: LogIndex, at: Date): ArchivedFile[] {
  const least = segmentNumberOf(base.stopSegment, base.segmentBytes);
  const end = segments.findIndex(({ endedAt, number }) => number >= least && endedAt > at);
  const wanted = end < 0 ? segments : segments.slice(0, end + 1);
  const files = wanted.map((one) => log.byName.get(segmentName(one.timeline, one.number, base.segmentBytes))!);
  const histories = log.files.filter(({ name }) => isHistory(name) && name <= historyName(timeline));
  return [...histories, ...files];
}
