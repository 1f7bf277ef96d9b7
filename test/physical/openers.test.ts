import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packed } from '#domain/backups/format/streams.ts';
import { sealFile } from '#domain/places/sealedFile.ts';
import { BrokenFile, type HeldFile } from '#providers/physical/lowlevel/opening/messages.ts';
import { Openers } from '#providers/physical/lowlevel/opening/openers.ts';

const never = new AbortController().signal;
const [key, context] = [randomBytes(32), 'test/opened'];

async function* of(...pieces: Buffer[]): AsyncIterable<Buffer> {
  yield* pieces;
}
async function collected(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const held: Buffer[] = [];
  for await (const piece of pieces) held.push(piece);
  return Buffer.concat(held);
}
const sealed = (clear: Buffer): Promise<Buffer> => collected(sealFile(key, packed(of(clear)), context));
const held = (path: string, clear: Buffer): HeldFile => ({
  ...{ path, bytes: clear.length },
  sha256: createHash('sha256').update(clear).digest('hex'),
});

describe('threads that open files of the place', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tenantry-opened-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const into = () => ({ folder, user: {} });
  const openFds = async (): Promise<string[]> =>
    (await Promise.all((await readdir('/proc/self/fd')).map((fd) => linkOf(fd)))).filter((to) => to.includes(folder));
  const linkOf = (fd: string): Promise<string> => readlink(`/proc/self/fd/${fd}`).catch(() => '');

  it('write what lies behind one another into its files, many at once, and tell what passed', async () => {
    const parts = await Promise.all(
      Array.from({ length: 9 }, async (_, part) => {
        const sizes = [0, 1, 300_000, 0, 3_000_000 + part, 65_536, 0, 0];
        const files = sizes.map((size, at) => ({ path: `${part}-${at}`, clear: randomBytes(size) }));
        return { files, bytes: await sealed(Buffer.concat(files.map(({ clear }) => clear))) };
      }),
    );
    const passed = { bytes: 0, files: 0 };
    const onPassed = (bytes: number, files: number): void => {
      passed.bytes += bytes;
      passed.files += files;
    };
    await Openers.with((openers) =>
      Promise.all(
        parts.map(({ files, bytes }) => {
          const opening = { key, context, into: into(), files: files.map(({ path, clear }) => held(path, clear)) };
          // Two views of one memory: neither may take it along.
          return openers.open(opening, of(bytes.subarray(0, 7), bytes.subarray(7)), { signal: never, onPassed });
        }),
      ),
    );
    const all = parts.flatMap(({ files }) => files);
    for (const { path, clear } of all) assert.ok((await readFile(join(folder, path))).equals(clear), path);
    assert.deepEqual(passed, { bytes: all.reduce((sum, { clear }) => sum + clear.length, 0), files: all.length });
  });

  it('compare without writing, and take a file of an unknown length to its end', async () => {
    const clear = randomBytes(2_000_000);
    const { sha256 } = held('', clear);
    const bytes = await sealed(clear);
    await Openers.with(async (openers) => {
      const opening = { key, context, files: [{ path: 'whole', bytes: null, sha256 }] };
      await openers.open({ ...opening, into: null }, of(bytes), { signal: never });
      assert.deepEqual(await readdir(folder), []);
      await openers.open({ ...opening, into: into() }, of(bytes), { signal: never });
      assert.ok((await readFile(join(folder, 'whole'))).equals(clear));
    });
  });

  it('refuse what is not what was written, whatever it is, and go on with the next', async () => {
    const clear = randomBytes(1_000_000);
    const bytes = await sealed(clear);
    const flipped = Buffer.from(bytes);
    flipped[500_000]! ^= 1;
    const file = held('one', clear);
    const wrong: [string, HeldFile[], Buffer, string?][] = [
      ['another digest', [{ ...file, sha256: '0'.repeat(64) }], bytes],
      ['longer than its files', [{ ...file, bytes: 999_999 }], bytes],
      ['shorter than its files', [{ ...file, bytes: 1_000_001 }], bytes],
      ['a file too many', [file, { ...file, path: 'two' }], bytes],
      ['a bit', [file], flipped],
      ['cut', [file], bytes.subarray(0, 700_000)],
      ['nothing', [file], Buffer.alloc(0)],
      ['no file of ours', [file], randomBytes(1_000)],
      ['another name', [file], bytes, 'test/another'],
      ['not packed', [file], await collected(sealFile(key, of(clear), context))],
    ];
    await Openers.with(async (openers) => {
      for (const [name, files, given, as = context] of wrong)
        await assert.rejects(
          openers.open({ key, context: as, into: into(), files }, of(given), { signal: never }),
          BrokenFile,
          name,
        );
      await openers.open({ key, context, into: into(), files: [file] }, of(bytes), { signal: never });
    });
    assert.ok((await readFile(join(folder, 'one'))).equals(clear));
  });

  it('tell what the disk says, and what reading says', async () => {
    const clear = randomBytes(100_000);
    const bytes = await sealed(clear);
    await Openers.with(async (openers) => {
      const opening = { key, context, into: { ...into(), folder: join(folder, 'gone') }, files: [held('one', clear)] };
      await assert.rejects(openers.open(opening, of(bytes), { signal: never }), { code: 'ENOENT' });
      async function* vanishing(): AsyncIterable<Buffer> {
        yield bytes.subarray(0, 50_000);
        throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
      }
      await assert.rejects(openers.open({ ...opening, into: into() }, vanishing(), { signal: never }), {
        code: 'ECONNRESET',
      });
    });
  });

  it('close their files and stop reading when nobody waits any more', async () => {
    const clear = randomBytes(3_000_000);
    const bytes = await sealed(clear);
    const giveUp = new AbortController();
    let read = 0;
    async function* endless(): AsyncIterable<Buffer> {
      for (let at = 0; ; at += 1_000, read++) {
        if (read === 1_500) giveUp.abort(new Error('given up'));
        yield bytes.subarray(at, at + 1_000);
        await new Promise(setImmediate);
      }
    }
    await Openers.with(async (openers) => {
      const opening = { key, context, into: into(), files: [held('one', clear)] };
      await assert.rejects(openers.open(opening, endless(), { signal: giveUp.signal }), /given up/);
      assert.deepEqual(await openFds(), []);
    });
    assert.ok(read < 1_600, `${read}`);
  });
});
