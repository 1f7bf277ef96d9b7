import assert from 'node:assert/strict';
import { localSecond, reachWord, stretchesOf } from './recoveryWords.ts';

const at = (hour: number): string => `2027-03-01T${String(hour).padStart(2, '0')}:00:00.000Z`;
const ms = (hour: number): number => Date.parse(at(hour));
const window = (from: number, until: number, gap: string | null = null) => ({
  ...{ baseId: `${from}`, from: at(from), until: at(until), gap },
});

describe('what can be reached of the whole server', () => {
  it('is one stretch where the log of one base backup leads on to the next', () => {
    const windows = [window(1, 5), window(6, 7)];
    assert.deepEqual(stretchesOf({ windows, until: at(9) }), [{ from: ms(1), until: ms(9) }]);
  });

  it('is broken by a gap, and begins again with the next base backup', () => {
    const windows = [window(1, 3, '00'), window(5, 7)];
    assert.deepEqual(stretchesOf({ windows, until: at(8) }), [
      { from: ms(1), until: ms(3) },
      { from: ms(5), until: ms(8) },
    ]);
  });

  it('ends at a gap that nothing lies behind', () => {
    assert.deepEqual(stretchesOf({ windows: [window(1, 3, '00')], until: at(3) }), [{ from: ms(1), until: ms(3) }]);
    assert.deepEqual(stretchesOf({ windows: [], until: null }), []);
  });

  it('is called by what is wrong first', () => {
    const well = { kind: 'lowlevel', from: at(1), until: at(2), archivedUntil: at(2), checkedAt: null, failing: null, windows: [window(1, 2)] } as const; // prettier-ignore
    assert.equal(reachWord({ ...well, windows: [...well.windows] }).title, 'Protected');
    assert.equal(reachWord({ ...well, windows: [window(1, 2, '00')] }).title, 'Gap in the log');
    assert.equal(reachWord({ ...well, windows: [], failing: 'full' }).title, 'Log not handed over');
    assert.equal(reachWord({ ...well, windows: [], from: null }).title, 'No base backup yet');
    assert.equal(reachWord({ ...well, windows: [], kind: 'off' }).title, 'Off');
  });

  it('takes a moment to the second', () => {
    assert.equal(new Date(localSecond('2027-03-01T10:11:12.900Z')).toISOString(), '2027-03-01T10:11:12.000Z');
  });
});
