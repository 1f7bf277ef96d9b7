import type { Drill } from '#contracts/backups/drills.ts';
import type { DrillStanding, FleetDrill, RoomState, RtoPart } from '#contracts/backups/drillReports.ts';
import type { Word } from '#lib/display/words.ts';

export const drillStateWords: Record<Drill['state'], Word> = {
  running: { title: 'Under way', tone: 'busy' },
  proven: { title: 'Proven', tone: 'good' },
  failed: { title: 'Did not hold', tone: 'bad' },
  cancelled: { title: 'Cancelled', tone: 'quiet' },
};

export const drillStandingWords: Record<DrillStanding, Word> = {
  proven: { title: 'Proven', tone: 'good' },
  waiting: { title: 'Waits for its first', tone: 'busy' },
  failing: { title: 'Failing', tone: 'bad' },
  stale: { title: 'Stale', tone: 'bad' },
  never: { title: 'Never proven', tone: 'bad' },
  paused: { title: 'Paused', tone: 'warn' },
  off: { title: 'Off', tone: 'quiet' },
};

export const drillCauseTitles: Record<Drill['cause'], string> = { schedule: 'by the clock', asked: 'asked for' };

export const rtoPartTitles: Record<RtoPart, string> = {
  restore: 'Restore the tables',
  read: 'Read people, files and licences',
  migrate: 'Bring it to the newest version, smoke check',
};

export const roomTexts: Record<RoomState, string> = {
  none: 'It was never made.',
  there: 'It is there while the drill goes on.',
  removed: 'Removed, with its role. Nothing is left of it.',
  stuck: 'It could not be removed yet; the run says why.',
};

export const sourceTitles: Record<string, string> = {
  database: 'Tables',
  realm: 'People and sign-in',
  storage: 'Files',
  license: 'Licences',
};

/** What a run over many tenants has come to: `3 proven, 1 did not hold, 12 to come`. */
export const ofFleet = ({ tenants }: FleetDrill): string =>
  [
    `${tenants.done} proven`,
    tenants.failed > 0 ? `${tenants.failed} did not hold` : '',
    tenants.passed > 0 ? `${tenants.passed} passed over` : '',
    tenants.pending + tenants.running > 0 ? `${tenants.pending + tenants.running} to come` : '',
  ]
    .filter(Boolean)
    .join(', ');
