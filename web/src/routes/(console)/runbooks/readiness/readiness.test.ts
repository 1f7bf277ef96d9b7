import assert from 'node:assert/strict';
import type { PlanProtection } from '#contracts/backups/backups.ts';
import type { Drill } from '#contracts/backups/drills.ts';
import type { DatabaseServerView } from '#contracts/recovery/replication.ts';
import type { ServerArchive } from '#contracts/recovery/serverArchive.ts';
import type { RunbookSummary } from '#contracts/runbooks/runbooks.ts';
import {
  archiveReady,
  drillsReady,
  planReady,
  platformReady,
  runbookReady,
  standbysReady,
  worstFirst,
} from './readiness.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const counts = { protected: 0, waiting: 0, failing: 0, stale: 0, never: 0, paused: 0, off: 0 };
const plan: PlanProtection = {
  plan: 'standard', title: 'Standard', counts: { ...counts, protected: 3 }, storedBytes: 0, nextAt: null, paused: null,
  rpoMinutes: 60, oldestAt: '2026-11-22T11:30:00Z', latest: null,
}; // prettier-ignore
const drill = {
  state: 'proven', rpoSeconds: 60, rpoTargetSeconds: 3600, rtoMs: 2000, rtoTargetMs: 60_000, meets: { rpo: true, rto: true },
  finishedAt: '2026-11-22T10:00:00Z',
} as Drill; // prettier-ignore
const book = { name: 'a', title: 'A', budgetSeconds: 30, practiceIsStale: false } as RunbookSummary;

describe('readiness', () => {
  it('holds what would be lost now against what a plan promises', () => {
    assert.equal(planReady(plan, undefined, now).word.tone, 'good');
    assert.deepEqual(planReady(plan, undefined, now).rpo, { seconds: 1800, target: 3600 });
    assert.equal(planReady({ ...plan, oldestAt: '2026-11-22T10:30:00Z' }, undefined, now).word.tone, 'bad');
    assert.equal(planReady({ ...plan, counts: { ...counts, never: 1 } }, undefined, now).word.tone, 'bad');
  });

  it('tells of drills the worst, measured by what was promised', () => {
    assert.equal(drillsReady([]), null);
    const slow = { ...drill, rtoMs: 90_000, meets: { rpo: true, rto: false } };
    const told = drillsReady([drill, slow])!;
    assert.deepEqual([told.word.tone, told.rto], ['bad', { seconds: 90, target: 60 }]);
  });

  it('does not call the control plane protected while its backups lie beside it, or are old', () => {
    const one = { state: 'proven', at: '2026-11-22T01:00:00Z', provenAt: '2026-11-22T01:01:00Z' } as const;
    const list = { place: '/b', isBesideTheData: false, at: '01:00', kept: 7, items: [one as never] };
    assert.equal(platformReady(list, now).word.tone, 'good');
    assert.equal(platformReady({ ...list, isBesideTheData: true }, now).word.tone, 'warn');
    assert.equal(platformReady(list, now + 86_400_000).word.tone, 'bad');
    assert.equal(platformReady({ ...list, items: [] }, now).word.tone, 'bad');
  });

  it('calls a server protected while its base backup is young, its log whole, and somebody looked', () => {
    const check = {
      ...{
        checkedAt: '2026-11-22T11:40:00Z',
        reachesFrom: '2026-11-22T00:50:00Z',
        reachesUntil: '2026-11-22T11:39:00Z',
      },
      ...{ segments: 3, storedBytes: 1, waiting: 0, gaps: 0, failing: null },
    };
    const newestBase = { id: '', reachesFrom: '2026-11-22T00:50:00Z', provenAt: '2026-11-22T00:51:00Z', bytes: 1, storedBytes: 1 }; // prettier-ignore
    const archive: ServerArchive = { kind: 'lowlevel', baseAt: '00:47', newestBase, bases: 2, lastFailedAt: null, check }; // prettier-ignore
    const toneOf = (more: Partial<ServerArchive>, at = now) => archiveReady({ ...archive, ...more }, at).word.tone;
    assert.deepEqual(archiveReady(archive, now).rpo, { seconds: 60, target: 600 });
    assert.equal(toneOf({}), 'good');
    assert.equal(toneOf({ kind: 'off' }), 'quiet');
    assert.equal(toneOf({ newestBase: null }), 'bad');
    assert.equal(toneOf({ check: { ...check, gaps: 1 } }), 'bad');
    assert.equal(toneOf({ check: { ...check, failing: 'The disk is full.' } }), 'bad');
    assert.equal(toneOf({ check: { ...check, reachesUntil: '2026-11-22T11:20:00Z' } }), 'bad');
    assert.equal(toneOf({}, now + 6 * 3_600_000), 'warn');
    assert.equal(toneOf({}, now + 20 * 3_600_000), 'bad');
    assert.equal(toneOf({ lastFailedAt: '2026-11-22T02:00:00Z' }), 'warn');
  });

  it('tells of each standby how far behind it is, and of primaries nothing', () => {
    const standby = { name: 'west', follows: 'east', state: 'behind', reason: 'It is late.', lagSeconds: 40, sampledAt: null }; // prettier-ignore
    const items = [standby, { ...standby, name: 'east', follows: null }] as DatabaseServerView[];
    const [told, ...others] = standbysReady({ configured: true, maxLagBytes: 1, maxLagSeconds: 10, items });
    assert.deepEqual([told!.word.tone, told!.rpo, others.length], ['bad', { seconds: 40, target: 10 }, 0]);
  });

  it('holds a practice against its runbook’s budget, and puts first what is not as promised', () => {
    const lastPractice = { runId: '', state: 'succeeded', finishedAt: '2026-11-22T10:00:00Z', seconds: 12 };
    const practised = runbookReady({ ...book, lastPractice });
    const slow = runbookReady({ ...book, lastPractice: { ...lastPractice, seconds: 31 } });
    const never = runbookReady({ ...book, lastPractice: null });
    assert.deepEqual(worstFirst([practised, never, slow]), [slow, never, practised]);
  });
});
