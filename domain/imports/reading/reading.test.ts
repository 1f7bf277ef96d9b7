import assert from 'node:assert/strict';
import { decodeText } from './decodeText.ts';
import { FileProblem } from './fileProblem.ts';
import { HeaderProblem, readCsv } from './readCsv.ts';
import { readJson } from './readJson.ts';
import type { FileRecord } from './record.ts';
import { checkRecord, type Checked } from '../checking/checkRecord.ts';

type Mapping = Parameters<typeof readCsv>[1];

/** Sent in pieces of an awkward size, so that no sign, quote or line may depend on where one ends. */
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function all(records: AsyncIterable<FileRecord>): Promise<FileRecord[]> {
  const read: FileRecord[] = [];
  for await (const record of records) read.push(record);
  return read;
}

const csv = (text: string | Buffer, mapping: Mapping = {}, size = 7): Promise<FileRecord[]> =>
  all(readCsv(decodeText(inPieces(Buffer.from(text), size)), mapping));
const json = (text: string | Buffer, mapping: Mapping = {}, size = 5): Promise<FileRecord[]> =>
  all(readJson(decodeText(inPieces(Buffer.from(text), size)), mapping));
const names = (records: FileRecord[]): (string | undefined)[] =>
  records.map(({ given }) => given.find(({ field }) => field === 'name')?.text);
const known = { plans: new Set(['standard']), regions: new Set(['default']) };
const check = (record: FileRecord): Checked => checkRecord(record, known, { plan: null, region: null });
const refuses = async (reading: Promise<unknown>, code: string): Promise<FileProblem> => {
  const error = await reading.then(
    () => null,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof FileProblem, `${String(error)} is no problem of the file`);
  assert.equal(error.problem.code, code);
  return error;
};

const utf16 = (text: string, isBig = false): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};

describe('a CSV of tenants', () => {
  it('is read in UTF-8 with and without a byte order mark, and in UTF-16 with one, wherever its pieces end', async () => {
    const text = 'name,slug\nÅbo Akademi,abo\nUniversité de N’Djamena 🎓,ndj\n';
    const expected = ['Åbo Akademi', 'Université de N’Djamena 🎓'];
    for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), utf16(text), utf16(text, true)])
      for (const size of [1, 2, 3, 5, 64])
        assert.deepEqual(
          names(await csv(bytes, {}, size)),
          expected,
          `${bytes.subarray(0, 4).toString('hex')} in ${size}`,
        );
  });

  it('is refused in UTF-32, in UTF-16 without a mark, and where it is no text at all', async () => {
    const wide = Buffer.from('name\nX\n', 'utf16le');
    await refuses(csv(wide), 'encoding_unsupported');
    await refuses(csv(Buffer.from([0xff, 0xfe, 0, 0, 0x6e, 0, 0, 0])), 'encoding_unsupported');
    assert.match(
      (await refuses(csv(Buffer.from('PK\u0003\u0004 and so on')), 'encoding_unsupported')).message,
      /spreadsheet/,
    );
    await refuses(csv(Buffer.from([0x1f, 0x8b, 8, 0])), 'encoding_unsupported');
  });

  it('names line and column of bytes that are not UTF-8', async () => {
    const [fine, wrong] = await csv(
      Buffer.concat([Buffer.from('name,slug\nFine,fine\nCaf'), Buffer.from([0xe9]), Buffer.from(',cafe\n')]),
    );
    assert.deepEqual(check(fine!).problems, []);
    assert.equal(wrong?.line, 3);
    assert.deepEqual(
      check(wrong!).problems.map(({ code, column }) => [code, column]),
      [['encoding_invalid', 'name']],
    );
  });

  it('tells the line on which a record begins, past quoted new lines, empty lines and every kind of line end', async () => {
    for (const end of ['\n', '\r\n']) {
      const text = ['name,label:note', 'One,"a', 'b"', '', ' , ', 'Two,"say ""x"""', 'Three,'].join(end);
      const records = await csv(text);
      assert.deepEqual(
        records.map(({ line, number }) => [line, number]),
        [
          [2, 2],
          [6, 6],
          [7, 7],
        ],
      );
      assert.equal(records[1]?.given[1]?.text, 'say "x"');
    }
  });

  it('is read with semicolons and tabs', async () => {
    for (const separator of [';', '\t'])
      assert.deepEqual(names(await csv(['name', 'slug'].join(separator) + '\n' + ['A, B', 'ab'].join(separator))), [
        'A, B',
      ]);
  });

  it('takes columns by their names, by the mapping, and leaves out what the mapping leaves out', async () => {
    const [record] = await csv('Company,External ID,country,website\nAcme,7,TD,x\n', {
      Company: 'name',
      country: 'label:country',
      website: null,
    });
    assert.deepEqual(
      record?.given.map(({ field, text }) => [field, text]),
      [
        ['name', 'Acme'],
        ['externalId', '7'],
        ['label:country', 'TD'],
      ],
    );
  });

  it('is refused with every column that is unknown, missing or told twice', async () => {
    const error = await csv('Name,name,colour\nA,B,C\n', { nowhere: 'slug' }).then(
      () => null,
      (failure: unknown) => failure,
    );
    assert.ok(error instanceof HeaderProblem);
    assert.deepEqual(
      error.problems.map(({ code, column }) => [code, column]),
      [
        ['column_duplicate', 'name'],
        ['column_unknown', 'colour'],
        ['column_missing', 'nowhere'],
      ],
    );
    const nameless = await csv('slug\na\n').then(
      () => null,
      (failure: unknown) => failure,
    );
    assert.deepEqual(
      (nameless as HeaderProblem).problems.map(({ code }) => code),
      ['column_missing'],
    );
    await refuses(csv(''), 'file_empty');
    await refuses(csv('\n\n'), 'file_empty');
  });

  it('goes on after a quote within a cell, and stops at one that is never closed, with the line on which it opens', async () => {
    const records = await csv('name\nFine\nSome "quoted" one\nFine too\n');
    assert.deepEqual(
      records.map(({ line, problems }) => [line, ...problems.map(({ code }) => code)]),
      [[2], [3, 'quote_misplaced'], [4]],
    );
    assert.match((await refuses(csv('name\nFine\n"Open\nand on\n'), 'quote_not_closed')).message, /line 3/);
    assert.match(
      (await refuses(csv(`name\nFine\n"${'x\n'.repeat(50_000)}`, {}, 5000), 'line_too_long')).message,
      /line 3/,
    );
  });

  it('keeps names that a spreadsheet would carry out as they are; only what we write is guarded', async () => {
    const [record] = await csv('name\n=HYPERLINK("x")\n').catch(() => [null]);
    assert.ok(record === null || record?.problems.length === 1);
    assert.deepEqual(names(await csv('name\n"=1+1"\n')), ['=1+1']);
  });

  it('costs no more memory when it is long', async () => {
    const row = Buffer.from(`Tenant of many,${'y'.repeat(80)}\n`);
    async function* many(): AsyncGenerator<Buffer> {
      yield Buffer.from('name,label:note\n');
      for (let at = 0; at < 1_000; at++) yield Buffer.concat(Array.from({ length: 100 }, () => row));
    }
    let count = 0;
    let most = 0;
    for await (const _record of readCsv(decodeText(many()), {})) {
      count += 1;
      if (count % 20_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
    }
    assert.equal(count, 100_000);
    assert.ok(most < 400 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MB`);
  }).timeout(60_000);
});

describe('a JSON of tenants', () => {
  it('is read as an array and as lines, with admin and labels as objects of their own', async () => {
    const one = { name: 'One', admin: { email: 'a@example.org', name: 'A' }, labels: { team: 'x' }, externalId: 7 };
    for (const text of [
      JSON.stringify([one, { name: 'Two' }]),
      JSON.stringify([one, { name: 'Two' }], null, 2),
      `${JSON.stringify(one)}\n\n{"name":"Two"}\n`,
    ]) {
      const records = await json(text);
      assert.deepEqual(names(records), ['One', 'Two']);
      assert.deepEqual(check(records[0]!).wanted, {
        name: 'One',
        externalId: '7',
        labels: { team: 'x' },
        admin: { email: 'a@example.org', name: 'A' },
      });
    }
  });

  it('tells the line of each element of an array that is spread over lines', async () => {
    const records = await json('[\n  {"name": "One"},\n  {\n    "name": "Two"\n  }\n]\n');
    assert.deepEqual(
      records.map(({ number, line }) => [number, line]),
      [
        [1, 2],
        [2, 3],
      ],
    );
  });

  it('names the line that is no JSON, no object, or tells what nobody knows', async () => {
    const records = await json('{"name":"One"}\n{"name":\n7\n{"name":"Two","colour":"red","slug":["x"]}\n');
    assert.deepEqual(
      records.map(({ line, problems }) => [line, ...problems.map(({ code }) => code)]),
      [[1], [2, 'json_invalid'], [3, 'json_invalid'], [4, 'column_unknown', 'value_invalid']],
    );
  });

  it('is refused where an array is cut off, goes on after its end, or is no JSON', async () => {
    for (const text of ['[{"name":"One"},', '[{"name":"One"}] more', '[{"name":"One"},]x', '[{name:1}]'])
      await refuses(json(text), 'json_invalid');
    await refuses(json('   \n'), 'file_empty');
    await refuses(json(`[{"name":"${'x'.repeat(300_000)}"}]`, {}, 4096), 'line_too_long');
  });
});

describe('what one line says', () => {
  const lineOf = async (cells: Record<string, string>): Promise<[string, string | null][]> => {
    const header = Object.keys(cells).join(',');
    const [record] = await csv(
      `${header}\n${Object.values(cells)
        .map((cell) => `"${cell.replaceAll('"', '""')}"`)
        .join(',')}\n`,
      {},
      1000,
    );
    return check(record!).problems.map(({ code, column }) => [code, column]);
  };

  it('is refused by column and code', async () => {
    assert.deepEqual(await lineOf({ name: '', slug: 'ab' }), [['value_missing', 'name']]);
    assert.deepEqual(await lineOf({ name: 'x'.repeat(121) }), [['value_too_long', 'name']]);
    assert.deepEqual(await lineOf({ name: 'a\u202eb' }), [['control_characters', 'name']]);
    assert.deepEqual(await lineOf({ name: 'A', slug: 'admin' }), [['slug_reserved', 'slug']]);
    assert.deepEqual(await lineOf({ name: 'A', slug: 'x'.repeat(40) }), [['value_too_long', 'slug']]);
    assert.deepEqual(await lineOf({ name: 'A', slug: 'Not--it' }), [['slug_invalid', 'slug']]);
    assert.deepEqual(await lineOf({ name: 'A', externalId: 'a b' }), [['external_id_invalid', 'externalId']]);
    assert.deepEqual(await lineOf({ name: 'A', email: 'nobody' }), [['email_invalid', 'email']]);
    assert.deepEqual(await lineOf({ name: 'A', email: `${'x'.repeat(260)}@example.org` }), [
      ['value_too_long', 'email'],
    ]);
    assert.deepEqual(await lineOf({ name: 'A', 'admin name': 'B' }), [['value_missing', 'admin name']]);
    assert.deepEqual(await lineOf({ name: 'A', plan: 'golden', region: 'moon' }), [
      ['plan_unknown', 'plan'],
      ['region_unknown', 'region'],
    ]);
    assert.deepEqual(await lineOf({ name: 'A', 'label:x': 'y'.repeat(121) }), [['value_too_long', 'label:x']]);
  });
});
