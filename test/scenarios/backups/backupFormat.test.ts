import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { canonical } from '#domain/audit/canonical.ts';
import type { Signer } from '#domain/audit/signingKeys.ts';
import { signStatement, type KeyBook } from '#domain/audit/statements.ts';
import {
  folderOf,
  indexKeyOf,
  manifestKeyOf,
  partKeyOf,
  type BackupManifest,
} from '#domain/backups/format/manifest.ts';
import { openBackup, readParts } from '#domain/backups/format/readBackup.ts';
import { readTenantCard, writeTenantCard } from '#domain/backups/format/tenantCard.ts';
import { verifyBackup } from '#domain/backups/format/verifyBackup.ts';
import { removeBackup, writeBackup, type BackupPart, type BackupTarget } from '#domain/backups/format/writeBackup.ts';
import { filesystemPlace } from '#domain/places/filesystemPlace.ts';
import { newSigner } from './newSigner.ts';

const refusal = (code: string) => (error: DomainError) => {
  assert.equal(error.code, code, error.stack);
  assert.ok(!/\/tmp|[0-9a-f]{8}-[0-9a-f]{4}/.test(error.publicMessage), error.publicMessage);
  return true;
};
const { signal } = new AbortController();
const installationId = randomUUID();
const [databaseId, storageId] = [randomUUID(), randomUUID()];

/** Rows that compress, rows that do not, no rows, objects. */
async function* someParts(): AsyncIterable<BackupPart> {
  const of = (name: string, lines: string[]): BackupPart => ({
    source: 'database',
    resourceId: databaseId,
    what: 'rows',
    name,
    at: new Date(),
    about: { schemaVersion: 3, columns: [{ name: 'a', type: 'text' }] },
    pieces: piecesOf(lines.map((line) => `${line}\n`).join('')),
    held: () => ({ rows: lines.length }),
  });
  yield of(
    'tasks',
    Array.from({ length: 20_000 }, (_, i) => `${i}\tA task that is much like the others`),
  );
  yield of(
    'we"ird; drop',
    Array.from({ length: 500 }, () => randomBytes(400).toString('base64')),
  );
  yield of('nothing', []);
  yield {
    source: 'storage',
    resourceId: storageId,
    what: 'objects',
    name: '../../etc/passwd',
    at: new Date(),
    pieces: piecesOf(randomBytes(300_000)),
    held: () => ({ objects: 3, last: 'z' }),
  };
}

async function* piecesOf(all: Buffer | string): AsyncIterable<Buffer> {
  const bytes = Buffer.from(all);
  for (let at = 0; at < bytes.length; at += 65_000) yield bytes.subarray(at, at + 65_000);
}

describe('the format of backups', () => {
  let root: string;
  let target: BackupTarget;
  let signer: Signer;
  let keys: KeyBook;
  let manifest: BackupManifest;

  const newTarget = (): BackupTarget => ({
    place: filesystemPlace(root),
    key: { id: randomUUID(), key: randomBytes(32) },
    tenantId: randomUUID(),
    backupId: randomUUID(),
  });
  const write = (to: BackupTarget, parts = someParts) => writeBackup(to, { installationId }, parts, { signer, signal });
  const verify = (of = target, more: { newestSchema?: number } = {}) => verifyBackup(of, { keys, signal, ...more });
  const at = (key: string) => join(root, key);
  const signAnew = async (change: Partial<BackupManifest>, by = signer) => {
    const { kid: _kid, signature: _signature, ...statement } = manifest;
    await writeFile(at(manifestKeyOf(target)), canonical(signStatement({ ...statement, ...change }, by)));
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tenantry-backup-'));
    ({ signer, keys } = newSigner());
    target = newTarget();
    ({ manifest } = await write(target));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('gives back what was written, part by part, with its names, counts and times', async () => {
    const found = await verify();
    assert.equal(found.rows, 20_500);
    assert.deepEqual(
      found.parts.map(({ number, source, name, rows, objects }) => [number, source, name, rows, objects]),
      [
        [1, 'database', 'tasks', 20_000, null],
        [2, 'database', 'we"ird; drop', 500, null],
        [3, 'database', 'nothing', 0, null],
        [4, 'storage', '../../etc/passwd', null, 3],
      ],
    );
    assert.partialDeepStrictEqual(found.manifest, { schemaVersion: 3, fenceMs: null, installation: installationId });
    assert.ok(found.manifest.skewMs <= 5_000);
    let lines = 0;
    for await (const { part, pieces } of readParts(found, 'database')) {
      const read: Buffer[] = [];
      for await (const piece of pieces) read.push(piece);
      if (part.name === 'tasks') lines = Buffer.concat(read).toString().split('\n').length - 1;
    }
    assert.equal(lines, 20_000);
  });

  it('is the same backup when the same is written again over what a killed attempt left', async () => {
    await rm(at(manifestKeyOf(target)));
    await assert.rejects(verify(), refusal('backup_not_found'));
    await write(target);
    await verify();
  });

  it('keeps no word of what it holds in clear', async () => {
    const all = await Promise.all(
      [manifestKeyOf(target), indexKeyOf(target), ...[1, 2, 3, 4].map((n) => partKeyOf(target, n))].map((key) =>
        readFile(at(key), 'latin1'),
      ),
    );
    for (const text of all) assert.doesNotMatch(text, /much like|passwd|we"ird|tasks|nothing/);
  });

  for (const file of ['part', 'index'] as const) {
    const keyOf = () => (file === 'part' ? partKeyOf(target, 2) : indexKeyOf(target));

    it(`is refused when its ${file} is cut short, at any place`, async () => {
      const { length } = await readFile(at(keyOf()));
      for (const left of [length - 1, Math.floor(length / 2), 60, 10, 0].filter((bytes) => bytes < length)) {
        await truncate(at(keyOf()), left);
        await assert.rejects(verify(), refusal('backup_truncated'), `${left} bytes`);
      }
    });

    it(`is refused when a bit of its ${file} is another, wherever it is`, async () => {
      const bytes = await readFile(at(keyOf()));
      for (const where of [0, 20, 60, bytes.length >> 1, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[where]! ^= 1 << (where % 8);
        await writeFile(at(keyOf()), changed);
        await assert.rejects(verify(), refusal('backup_damaged'), `byte ${where}`);
      }
      await writeFile(at(keyOf()), Buffer.concat([bytes, Buffer.from('more')]));
      await assert.rejects(verify(), refusal('backup_damaged'));
    });

    it(`is refused when its ${file} is missing`, async () => {
      await rm(at(keyOf()));
      await assert.rejects(verify(), refusal('backup_incomplete'));
    });
  }

  it('is refused when two parts changed places, or a file is too much', async () => {
    await rename(at(partKeyOf(target, 1)), at('kept'));
    await cp(at(partKeyOf(target, 2)), at(partKeyOf(target, 1)));
    await assert.rejects(verify(), (error: DomainError) => /^backup_(truncated|damaged)$/.test(error.code));
    await rename(at('kept'), at(partKeyOf(target, 1)));
    await verify();
    await writeFile(at(partKeyOf(target, 99)), 'more');
    await assert.rejects(verify(), refusal('backup_damaged'));
  });

  it('is refused with another key, and with another key of the same name', async () => {
    const other = { ...target, key: { id: randomUUID(), key: randomBytes(32) } };
    await assert.rejects(verify(other), refusal('backup_wrong_key'));
    await assert.rejects(
      verify({ ...target, key: { ...target.key, key: randomBytes(32) } }),
      refusal('backup_wrong_key'),
    );
  });

  it("is refused in another tenant's place, and as another backup of its own tenant", async () => {
    const other = newTarget();
    await write(other);
    for (const given of [other, { ...target, backupId: randomUUID() }]) {
      await rm(at(folderOf(given)), { recursive: true, force: true });
      await cp(at(folderOf(target)), at(folderOf(given)), { recursive: true });
      await assert.rejects(verify({ ...given, place: target.place }), refusal('backup_wrong_tenant'));
    }
  });

  it('is refused when its manifest was changed, is signed by somebody else, or is none', async () => {
    const text = await readFile(at(manifestKeyOf(target)), 'utf8');
    for (const [from, to] of [
      ['"skewMs":', '"skewMs":1'],
      ['"rows":500', '"rows":499'],
      [manifest.parts[0]!.sha256, manifest.parts[1]!.sha256],
    ] as const) {
      await writeFile(at(manifestKeyOf(target)), text.replace(from, to));
      await assert.rejects(verify(), refusal('backup_forged'));
    }
    await signAnew({}, newSigner().signer);
    await assert.rejects(verify(), refusal('backup_signer_unknown'));
    for (const bad of [
      '',
      '{',
      '[]',
      'null',
      '{"v":1,"kind":"backup"}',
      text.slice(0, -40),
      `${text}x`,
      '9'.repeat(400),
    ]) {
      await writeFile(at(manifestKeyOf(target)), bad);
      await assert.rejects(verify(), refusal('backup_damaged'), bad.slice(0, 40));
    }
    await writeFile(at(manifestKeyOf(target)), '{"v":2,"kind":"backup"}');
    await assert.rejects(verify(), refusal('backup_format_unknown'));
  });

  it('is refused when it is well signed and says something else than what lies there', async () => {
    const [first, ...others] = manifest.parts;
    for (const [change, code] of [
      [{ parts: [{ ...first!, bytes: first!.bytes - 1 }, ...others] }, 'backup_damaged'],
      [{ parts: [{ ...first!, bytes: first!.bytes + 1 }, ...others] }, 'backup_damaged'],
      [{ parts: [{ ...first!, rows: first!.rows! + 1 }, ...others] }, 'backup_damaged'],
      [{ parts: [{ ...first!, sha256: '0'.repeat(64) }, ...others] }, 'backup_damaged'],
      [{ parts: [{ ...first!, number: 7 }, ...others] }, 'backup_damaged'],
      [{ parts: others }, 'backup_damaged'],
      [{ parts: [], sources: [] }, 'backup_empty'],
      [{ sources: manifest.sources.map((one) => ({ ...one, rows: 0 })) }, 'backup_empty'],
      [{ tenant: randomUUID() }, 'backup_wrong_tenant'],
      [{ keyCheck: '0'.repeat(64) }, 'backup_wrong_key'],
      [{ index: { ...manifest.index, bytes: 2 ** 40 } }, 'backup_damaged'],
    ] as const) {
      await signAnew(change as unknown as Partial<BackupManifest>);
      await assert.rejects(verify(), refusal(code), JSON.stringify(change).slice(0, 80));
    }
  });

  it('is refused where its schema is newer, and where nothing is in it', async () => {
    await assert.rejects(verify(target, { newestSchema: 2 }), refusal('backup_schema_newer'));
    await verify(target, { newestSchema: 3 });
    async function* none(): AsyncIterable<BackupPart> {}
    await assert.rejects(write(newTarget(), none), refusal('backup_empty'));
  });

  it('is not written when its parts are too far apart, or a source fails; what it left is removed', async () => {
    async function* apart(): AsyncIterable<BackupPart> {
      let minutes = 0;
      for await (const part of someParts()) yield { ...part, at: new Date(Date.now() - 60_000 * minutes++) };
    }
    await assert.rejects(write(newTarget(), apart), refusal('backup_skewed'));
    async function* failing(): AsyncIterable<BackupPart> {
      yield* someParts();
      throw new Error('the connection is gone');
    }
    const other = newTarget();
    await assert.rejects(write(other, failing), /the connection is gone/);
    await assert.rejects(verify(other), refusal('backup_not_found'));
    await removeBackup(other);
    for await (const { key } of target.place.list(folderOf(other))) assert.fail(`${key} is left`);
    await verify();
  });

  it('lies beside the wrapped key of its tenant, and what only that key opens', async () => {
    const wrapped = randomBytes(60);
    const facts = { name: 'Acme', slug: 'acme', labels: { a: 'b' } };
    const { tenantId, key, place } = target;
    await writeTenantCard(place, { installationId, tenantId, key, wrapped, facts, at: new Date() }, signer, signal);
    const card = await readTenantCard(place, tenantId, keys);
    assert.deepEqual(card.open(key.key), facts);
    assert.equal(card.statement.wrapped, wrapped.toString('base64'));
    assert.throws(() => card.open(randomBytes(32)), refusal('backup_wrong_key'));
    await assert.rejects(readTenantCard(place, tenantId, newSigner().keys), refusal('backup_signer_unknown'));
    await assert.rejects(readTenantCard(place, randomUUID(), keys), refusal('backup_not_found'));
    await verify(); // the card is no file too much
    assert.equal((await openBackup(target, { keys })).parts.length, 4);
  });
});
