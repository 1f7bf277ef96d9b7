import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { PartsAhead } from '#providers/database/restore/partsAhead.ts';

type Part = ConstructorParameters<typeof PartsAhead>[0][number];
const part = (number: number): Part => ({ number }) as Part;

describe('parts that are read ahead', () => {
  /** Parts of so many pieces, and how many of each were read, and which were let go. */
  function source(pieces: number, failing: number | null = null) {
    const read = new Map<number, number>();
    const ended: number[] = [];
    async function* open({ number }: Part): AsyncIterable<Buffer> {
      try {
        for (let at = 0; at < pieces; at++) {
          read.set(number, at + 1);
          yield Buffer.from(`${number}.${at} `);
          if (number === failing && at === 1) throw new Error(`part ${number} is damaged`);
        }
      } finally {
        ended.push(number);
      }
    }
    return { open, read, ended };
  }
  async function textOf(pieces: AsyncIterable<Buffer>): Promise<string> {
    let text = '';
    for await (const piece of pieces) text += piece.toString();
    return text;
  }
  const parts = [1, 2, 3, 4, 5].map(part);

  it('come whole and in their order, the next two begun before they are asked for and no more of them than fits', async () => {
    const { open, read } = source(100);
    const ahead = new PartsAhead(parts, open);
    await delay(20);
    assert.deepEqual([...read.keys()], [1, 2]);
    assert.ok(
      [...read.values()].every((pieces) => pieces < 15),
      JSON.stringify([...read]),
    );
    for (const one of parts) {
      const expected = Array.from({ length: 100 }, (_, at) => `${one.number}.${at} `).join('');
      assert.equal(await textOf(ahead.open(one)), expected);
    }
    ahead.close();
  });

  it('tell what is wrong with one when it is its turn, and not before', async () => {
    const { open } = source(5, 2);
    const ahead = new PartsAhead(parts, open);
    await delay(20);
    assert.equal(await textOf(ahead.open(parts[0]!)), '1.0 1.1 1.2 1.3 1.4 ');
    await assert.rejects(textOf(ahead.open(parts[1]!)), /part 2 is damaged/);
    ahead.close();
  });

  it('are let go of when they are not wanted any more', async () => {
    const { open, read, ended } = source(1_000);
    const ahead = new PartsAhead(parts, open);
    await delay(20);
    ahead.close();
    await delay(20);
    assert.deepEqual(ended.toSorted(), [1, 2]);
    assert.equal(read.size, 2);
  });
});
