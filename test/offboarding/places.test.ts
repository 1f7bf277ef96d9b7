import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openPlace } from '#domain/places/openPlace.ts';
import { deleteFolder, NotInPlace, type Place } from '#domain/places/place.ts';
import { BrokenSeal, sealFile, unsealFile } from '#domain/places/sealedFile.ts';
import { NoGateway, startGateway, type Gateway } from '#test/servers/versityGateway.ts';

const gather = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};
const from = (...pieces: (string | Buffer)[]): AsyncIterable<Buffer> =>
  Readable.from(pieces.map((piece) => Buffer.from(piece as string)));
async function* pattern(bytes: number): AsyncIterable<Buffer> {
  const block = Buffer.alloc(256 * 1024, 'tenantry');
  for (let left = bytes; left > 0; left -= block.length) yield block.subarray(0, Math.min(left, block.length));
}

for (const kind of ['a folder', 'a bucket'] as const)
  describe(`a place that is ${kind}`, function () {
    this.timeout(600_000);
    let root: string;
    let place: Place;
    let gateway: Gateway | null = null;
    const former = { ...process.env };

    before(async function () {
      root = await mkdtemp(join(tmpdir(), 'tenantry-place-'));
      if (kind === 'a folder') {
        place = openPlace({ place: join(root, 'place') });
        return;
      }
      try {
        gateway = await startGateway(root, ['exports'], { keepsMetadata: true });
      } catch (error) {
        if (!(error instanceof NoGateway) || process.env['CI']) throw error;
        console.error(`\n✖ NOT CHECKED: a place in a bucket. ${error.message}\n`);
        return this.skip();
      }
      Object.assign(process.env, gateway.env);
      place = openPlace({ place: 's3://exports/tenantry' });
    });
    after(async () => {
      for (const name of Object.keys(gateway?.env ?? {}))
        if (former[name] === undefined) delete process.env[name];
        else process.env[name] = former[name];
      await gateway?.stop();
      await rm(root, { recursive: true, force: true });
    });

    it('gives back what was put, lists it, and lets it go', async () => {
      assert.deepEqual(await place.put('a/b/one', from('1', '23')), { bytes: 3 });
      await place.put('a/b/empty', from());
      assert.equal((await gather(place.get('a/b/one'))).toString(), '123');
      assert.equal((await gather(place.get('a/b/empty'))).length, 0);
      const listed = [];
      for await (const file of place.list('a')) listed.push(file);
      assert.deepEqual(listed, [
        { key: 'a/b/empty', bytes: 0 },
        { key: 'a/b/one', bytes: 3 },
      ]);
      assert.equal(await deleteFolder(place, 'a'), 2);
      await place.delete('a/b/one');
      await assert.rejects(gather(place.get('a/b/one')), NotInPlace);
    });

    it('streams a file of 100 MB in some megabytes of memory', async () => {
      const before = process.memoryUsage().arrayBuffers;
      let most = 0;
      async function* watched(): AsyncIterable<Buffer> {
        for await (const piece of pattern(100 * 1024 * 1024)) {
          most = Math.max(most, process.memoryUsage().arrayBuffers - before);
          yield piece;
        }
      }
      const { bytes } = await place.put('large/file', watched());
      assert.equal(bytes, 100 * 1024 * 1024);
      let read = 0;
      for await (const piece of place.get('large/file')) read += piece.length;
      assert.equal(read, bytes);
      assert.ok(most < 80 * 1024 * 1024, `${Math.round(most / 1e6)} MB`);
      await deleteFolder(place, 'large');
    });

    it('keeps nothing of a file whose source broke off, and refuses names that lead elsewhere', async () => {
      async function* breaking(): AsyncIterable<Buffer> {
        yield* pattern(9 * 1024 * 1024);
        throw new Error('broke off');
      }
      await assert.rejects(place.put('half/file', breaking()), /broke off/);
      const left = [];
      for await (const { key } of place.list('half')) left.push(key);
      assert.deepEqual(left, []);
      for (const bad of ['', '/etc/passwd', '../x', 'a/../b', 'a//b', 'A', 'a b', 'a/..', '.hidden'])
        await assert.rejects(place.put(bad, from('x')), /no name of a file/);
    });

    it('says so when it is gone half-way', async () => {
      if (kind === 'a bucket') {
        await gateway!.stop();
        await assert.rejects(place.put('gone/file', from('x')));
        return;
      }
      await place.put('gone/one', from('x'));
      await rm(join(root, 'place'), { recursive: true });
      await assert.rejects(gather(place.get('gone/one')), NotInPlace);
      if (process.getuid?.() === 0) return; // root writes everywhere
      await chmod(root, 0o500);
      await assert.rejects(place.put('gone/two', from('x')));
      await chmod(root, 0o700);
    });
  });

describe('a sealed file', () => {
  const key = randomBytes(32);
  const sealed = (text: Buffer, context = 'x') => gather(sealFile(key, from(text), context));
  const opened = (bytes: Buffer, context = 'x', by = key) => gather(unsealFile(by, from(bytes), context));

  it('opens to what it was, at every length around a chunk', async () => {
    for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
      const text = randomBytes(length);
      assert.ok((await opened(await sealed(text))).equals(text), `${length}`);
    }
  });

  it('does not open when a bit, an end, a chunk, the key or what it is was changed', async () => {
    const text = randomBytes(200_000);
    const bytes = await sealed(text);
    const flipped = Buffer.from(bytes);
    flipped[100_000]! ^= 1;
    const chunk = 65_536 + 16;
    const head = bytes.length - text.length - 4 * 16;
    const swapped = Buffer.concat([
      bytes.subarray(0, head),
      bytes.subarray(head + chunk, head + 2 * chunk),
      bytes.subarray(head, head + chunk),
      bytes.subarray(head + 2 * chunk),
    ]);
    for (const bad of [
      flipped,
      swapped,
      bytes.subarray(0, -1),
      bytes.subarray(0, head + 3 * chunk),
      bytes.subarray(0, head),
      bytes.subarray(0, 10),
      Buffer.concat([bytes, Buffer.from('x')]),
      Buffer.alloc(0),
    ])
      await assert.rejects(opened(bad), BrokenSeal);
    await assert.rejects(opened(bytes, 'y'), BrokenSeal);
    await assert.rejects(opened(bytes, 'x', randomBytes(32)), BrokenSeal);
  });
});
