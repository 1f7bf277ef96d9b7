import { deepEqual } from 'node:assert/strict';
import { climb } from './ladder.ts';

const rungs = (...days: number[]) => days.map((one) => ({ days: one }));
const climbed = (days: number[], { hasEnded = false, whyNobody = null as 'suspended' | null } = {}) => {
  const { sent, passed } = climb(rungs(...days), { hasEnded, whyNobody });
  return [sent?.days ?? null, Object.fromEntries(passed.map(({ rung, why }) => [rung.days, why]))];
};

describe('the ladder of reminders', () => {
  it('sends the one that is due', () => deepEqual(climbed([-30]), [-30, {}]));

  it('sends the newest of those that nobody was there to send, and passes over the others', () =>
    deepEqual(climbed([-60, -30, -14]), [-14, { '-60': 'newer_reminder', '-30': 'newer_reminder' }]));

  it('says nothing after the end that was to be said before it', () => {
    deepEqual(climbed([-7, -1], { hasEnded: true }), [null, { '-7': 'ended', '-1': 'ended' }]);
    deepEqual(climbed([-1, 1, 7], { hasEnded: true }), [7, { '-1': 'ended', '1': 'newer_reminder' }]);
  });

  it('passes all while nobody is to be reminded', () =>
    deepEqual(climbed([-7, -1], { whyNobody: 'suspended' }), [null, { '-7': 'suspended', '-1': 'suspended' }]));

  it('does nothing where nothing is due', () => deepEqual(climbed([]), [null, {}]));
});
