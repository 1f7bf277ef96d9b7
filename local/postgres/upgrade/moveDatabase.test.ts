import { deepEqual, equal, rejects } from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { Requests } from './dumpSchema.ts';
import { withoutMark } from './moveDatabase.ts';
import { refuseWithoutSpace } from './upgradeCluster.ts';

describe('what pg_dump says, on its way to another major', () => {
  it('loses the mark that some servers keep for themselves, and nothing else', () => {
    const alter = 'ALTER TABLE ONLY one.article ALTER COLUMN name SET ';
    equal(withoutMark(`${alter}(pg_attver=26499920)`), null);
    equal(withoutMark(`${alter}(n_distinct=5, pg_attver=26499920)`), `${alter}(n_distinct=5)`);
    equal(withoutMark(`${alter}(pg_attver=26499920, n_distinct=5)`), `${alter}(n_distinct=5)`);
    equal(withoutMark(`${alter}(n_distinct=5)`), `${alter}(n_distinct=5)`);
    const said = `COMMENT ON TABLE a IS 'SET (pg_attver=1)'`;
    equal(withoutMark(said), said);
  });

  it('is asked for by requests that may be cut anywhere', () => {
    const startup = Buffer.from('0000000900030000' + '00', 'hex');
    const ask = (text: string): Buffer => {
      const body = Buffer.from(`${text}\0`);
      const header = Buffer.alloc(5);
      header.write('Q');
      header.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([header, body]);
    };
    for (let cut = 1; cut < 20; cut++) {
      const requests = new Requests();
      const encryption = Buffer.from('0000000804d2162f', 'hex');
      deepEqual(requests.take(encryption), { begins: false, isRefused: true, expected: 0 });
      deepEqual(requests.take(startup), { begins: true, isRefused: false, expected: 0 });
      const both = Buffer.concat([ask('select 1'), ask('select 22')]);
      const told = [requests.take(both.subarray(0, cut)), requests.take(both.subarray(cut))];
      equal(
        told.reduce((sum, { expected }) => sum + expected, 0),
        2,
        `cut after ${cut}`,
      );
      equal(requests.take(Buffer.from('5800000004', 'hex')).expected, 0);
    }
  });

  it('is not asked for where the disk could not hold what it makes', async () => {
    await rejects(
      refuseWithoutSpace(tmpdir(), 1e16),
      /needs \d+ MiB free in .* where \d+ MiB are\. Nothing was changed/,
    );
    await refuseWithoutSpace(tmpdir(), 0);
  });
});
