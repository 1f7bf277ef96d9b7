import assert from 'node:assert/strict';
import { againAfterDeadlock } from './againAfterDeadlock.ts';

describe('a transaction that PostgreSQL ended because of a deadlock', () => {
  const ended = (code: string) =>
    new Error('the driver says', { cause: Object.assign(new Error('deadlock'), { code }) });
  const after = (failures: Error[]) => {
    let calls = 0;
    const work = async (): Promise<number> => {
      calls += 1;
      const failure = failures.shift();
      if (failure) throw failure;
      return calls;
    };
    return { work, calls: () => calls };
  };

  it('is carried out again', async () => {
    assert.equal(await againAfterDeadlock(after([ended('40P01'), ended('40P01')]).work), 3);
  });

  it('fails at last', async () => {
    const { work, calls } = after(Array.from({ length: 9 }, () => ended('40P01')));
    await assert.rejects(againAfterDeadlock(work), /the driver says/);
    assert.equal(calls(), 4);
  });

  it('is not, when it failed by anything else', async () => {
    const { work, calls } = after([ended('23505')]);
    await assert.rejects(againAfterDeadlock(work), /the driver says/);
    assert.equal(calls(), 1);
  });
});
