import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DomainError } from '#contracts/errors.ts';
import { archiveOf } from '#domain/exports/archive.ts';
import { safeNameOf, type ManifestHead, type ManifestPart } from '#domain/exports/manifest.ts';
import { partsOf, verifyExport } from '#domain/exports/readExport.ts';
import { writeExport, type ExportPart, type ExportTarget } from '#domain/exports/writeExport.ts';
import { openPlace } from '#domain/places/openPlace.ts';
import { exportBucket } from '#providers/storage/exportBucket.ts';
import { jsonLineOf } from '#providers/database/exporting/copyOut.ts';

const run = promisify(execFile);
const refusal = (code: string) => (error: DomainError) => error.code === code;
const never = new AbortController().signal;

async function* lines(...all: string[]): AsyncIterable<Buffer> {
  for (const line of all) yield Buffer.from(`${line}\n`);
}

describe('an export', () => {
  let root: string;
  let target: ExportTarget;
  const head: ManifestHead = { record: 'export', v: 1, installation: 'i', tenant: 't', export: 'e', at: '2026' };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tenantry-export-'));
    target = { place: openPlace({ place: root }), key: randomBytes(32), tenantId: 'tenant', exportId: 'export' };
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const odd = ['../../etc/passwd', '/abs', 'con', '-rf', '漢字.txt', 'a\nb', '..', '', 'x'.repeat(300), '.env'];
  async function* oddParts(): AsyncIterable<ExportPart> {
    yield {
      source: 'database',
      what: 'rows',
      name: 'we"ird; drop',
      sourceRows: 2,
      pieces: lines('{"a":1}', '{"a":2}'),
    };
    yield { source: 'database', what: 'rows', name: 'empty', sourceRows: 0, pieces: lines() };
    for (const name of odd) yield { source: 'storage', what: 'object', name, pieces: lines(name) };
  }
  async function* none(): AsyncIterable<ExportPart> {}
  const parts = async (digest: Buffer): Promise<ManifestPart[]> => {
    const all = [];
    for await (const part of partsOf(target, digest)) all.push(part);
    return all;
  };

  it('is unpacked by tar into its own folder, whatever things are called, and fits its manifest', async () => {
    const written = await writeExport(target, head, oddParts(), never);
    assert.deepEqual({ files: written.files, rows: written.rows }, { files: 12, rows: 2 });
    await verifyExport(target, written.manifestDigest, never);
    const archive = join(root, 'out.tar.gz');
    await writeFile(archive, archiveOf(target, written.manifestDigest, new Date('2026-11-21')));
    const out = join(root, 'out');
    await mkdir(out);
    await run('tar', ['xzf', archive, '-C', out]);
    assert.deepEqual((await readdir(out)).toSorted(), ['README.txt', 'data', 'files', 'manifest.jsonl']);
    const manifest = await readFile(join(out, 'manifest.jsonl'));
    assert.ok(createHash('sha256').update(manifest).digest().equals(written.manifestDigest));
    const all = await parts(written.manifestDigest);
    assert.deepEqual(
      all.filter(({ what }) => what === 'object').map(({ name }) => name),
      odd,
    );
    for (const { path, sha256 } of all)
      assert.equal(
        createHash('sha256')
          .update(await readFile(join(out, path)))
          .digest('hex'),
        sha256,
        path,
      );
    assert.equal(new Set(all.map(({ path }) => path)).size, 12);
    for (const name of odd) assert.match(safeNameOf(name), /^[A-Za-z0-9_][A-Za-z0-9._-]{0,59}$/);
  });

  it('may be of nothing', async () => {
    const written = await writeExport(target, head, none(), never);
    assert.equal((await verifyExport(target, written.manifestDigest, never)).size, 0);
  });

  it('lies sealed: no word of it is in the place', async () => {
    await writeExport(target, head, oddParts(), never);
    const { stdout } = await run('grep', ['-rl', 'ird; drop\\|"record"\\|passwd', root]).catch(() => ({ stdout: '' }));
    assert.equal(stdout, '');
  });

  it('is refused when a file is changed, cut, missing, or too much; and when rows are lost on the way', async () => {
    const written = await writeExport(target, head, oddParts(), never);
    const verify = () => verifyExport(target, written.manifestDigest, never);
    const folder = join(root, 'exports/tenant/export/parts');
    const [first = ''] = await readdir(folder);
    const path = join(folder, first);
    const bytes = await readFile(path);
    for (const spoil of [
      () => truncate(path, bytes.length - 1),
      () => writeFile(path, Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])])),
      () => rm(path),
    ]) {
      await spoil();
      await assert.rejects(verify(), refusal('export_broken'));
      await writeFile(path, bytes);
    }
    await writeFile(join(folder, '99999999'), 'more');
    await assert.rejects(verify(), refusal('export_broken'));
    await rm(join(folder, '99999999'));
    await verify();
    await assert.rejects(verifyExport(target, randomBytes(32), never), refusal('export_broken'));
    async function* losing(): AsyncIterable<ExportPart> {
      yield { source: 'database', what: 'rows', name: 'a', sourceRows: 2, pieces: lines('{}') };
    }
    await assert.rejects(
      writeExport({ ...target, exportId: 'other' }, head, losing(), never),
      refusal('export_failed'),
    );
  });

  it('follows no link out of a bucket', async () => {
    const bucket = join(root, 'bucket');
    await mkdir(bucket);
    await writeFile(join(bucket, 'a'), 'a');
    await symlink('/etc/passwd', join(bucket, 'b'));
    const names = [];
    for await (const { name } of exportBucket(root, 'bucket', never)) names.push(name);
    assert.deepEqual(names, ['a']);
  });

  it('reads COPY as JSON Lines: backslashes once, line ends between tokens as blanks', () => {
    for (const [copied, line] of [
      ['{"a":1}\n', '{"a":1}\n'],
      ['{"a":"x\\\\ny"}\n', '{"a":"x\\ny"}\n'],
      ['{"a":"\\\\\\\\"}\n', '{"a":"\\\\"}\n'],
      ['{"j":{\\n"b":2}}\n', '{"j":{ "b":2}}\n'],
    ] as const)
      assert.equal(jsonLineOf(Buffer.from(copied)).toString(), line);
  });
});
