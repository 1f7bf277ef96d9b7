import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { exportAudit, type ExportWish } from '#domain/audit/exporting/exportAudit.ts';
import type { ExportFormat } from '#domain/audit/exporting/records.ts';
import { writeExport } from '#domain/audit/exporting/writeExport.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { sealOrigin } from '#domain/events/origin.ts';
import { checkout } from '#local/paths.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { tenantry, type Ended } from './tenantry.ts';

describe('tenantry audit verify', () => {
  let installation: TestInstallation;
  let files: Record<ExportFormat, string>;
  let keys: string;
  let anchors: string;
  const tenantId = newId();

  const write = async (name: string, format: ExportFormat, wish: Partial<ExportWish> = {}): Promise<string> => {
    const file = join(installation.configuration.dataDir, `${name}.${format}`);
    const { registry, installation: own } = installation.platform;
    const all = { chains: null, from: null, to: null, clearOrigins: false, ...wish };
    await writeFile(file, writeExport(exportAudit(registry, own, all), format));
    return file;
  };
  const changed = async (file: string, change: (lines: string[]) => string[]): Promise<string> => {
    const text = await readFile(file, 'utf8');
    const to = file.replace(/\.(\w+)$/, '-changed.$1');
    await writeFile(to, change(text.split('\n')).join('\n'));
    return to;
  };
  const happen = async (count: number) => {
    const origin = sealOrigin(installation.platform.installation.keyring.platformKey, {
      address: '192.0.2.7',
      userAgent: '=cmd()|x',
    });
    for (let one = 0; one < count; one++)
      await installation.em.transactional((em) =>
        appendEvent(
          em,
          {
            stream: `request:${newId()}`,
            type: 'test.happened',
            tenantId: one % 2 ? tenantId : null,
            data: { text: '=1+1, "quoted"\nand 漢字 \u{1F600}', one },
            target: { kind: 'test', id: '@formula' },
          },
          { userId: newId(), requestId: `-${one}`, origin },
        ),
      );
    await sealAll(() => installation.em, installation.platform.installation);
    await anchorHeads(installation.em, installation.platform.installation, openAnchors(anchors));
  };

  before(async () => {
    installation = await TestInstallation.start();
    anchors = installation.configuration.audit.anchor;
    await happen(24);
    await happen(8);
    files = { jsonl: await write('export', 'jsonl'), csv: await write('export', 'csv') };
    keys = join(installation.configuration.dataDir, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: await listKeys(installation.em) }));
  });
  after(() => installation.stop());

  for (const format of ['jsonl', 'csv'] as const) {
    it(`finds an export as ${format} intact, with nothing but the file, the key and the anchors`, async () => {
      const { code, said } = await tenantry(['audit', 'verify', files[format], '--key', keys, '--anchors', anchors]);
      assert.match(said, /32 entries in 2 chains.*\ncompared with 2 anchors\nINTACT/);
      assert.equal(code, 0);
    });

    it(`names what was done to an export as ${format}, with chain and number`, async () => {
      const at = (lines: string[]) =>
        lines.findIndex((line) => line.includes('test.happened') && line.includes(tenantId)) + 2;
      const isEntry = format === 'jsonl';
      const cases: [RegExp, (lines: string[]) => string[]][] = [
        [
          /edited .*chain \S+: entry \d+ was edited/,
          (lines) =>
            lines.map((line, index) =>
              index === (isEntry ? at(lines) : lines.findIndex((one) => one.includes('test.happened')))
                ? line.replace('test.happened', 'test.never')
                : line,
            ),
        ],
        ...(isEntry
          ? ([
              [/deleted .*entry 3 is missing/, (lines) => lines.toSpliced(at(lines), 1)],
              [
                /reordered .*entry \d+ does not stand where sealed/,
                (lines) => [
                  ...lines.slice(0, at(lines)),
                  lines[at(lines) + 1]!,
                  lines[at(lines)]!,
                  ...lines.slice(at(lines) + 2),
                ],
              ],
              [
                /inserted .*entry 3/,
                (lines) => lines.toSpliced(at(lines), 0, lines[at(lines)]!.replace('test.happened', 'test.invented')),
              ],
              [/cut .*the end is missing/, (lines) => lines.slice(0, -4)],
            ] as [RegExp, (lines: string[]) => string[]][])
          : []),
      ];
      for (const [expected, change] of cases) {
        const { code, said } = await tenantry(['audit', 'verify', await changed(files[format], change), '--key', keys]);
        assert.match(said, expected);
        assert.equal(code, 1, said);
      }
    });
  }

  it('names an export of an old copy by the anchors', async () => {
    await happen(6);
    await installation.asAdmin(null, `create table kept as table events`);
    await installation.asAdmin(null, `delete from events where sequence > 16`);
    await installation.asAdmin(null, `delete from audit_heads where sequence > 16`);
    await installation.asAdmin(
      null,
      `update audit_chains c set sequence = h.sequence, hash = h.hash from audit_heads h where h.chain = c.chain and h.sequence = 16`,
    );
    const file = await write('old', 'jsonl');
    const { code, said } = await tenantry(['audit', 'verify', file, '--key', keys, '--anchors', anchors]);
    assert.equal(code, 1, said);
    assert.match(said, /restored .*this copy is of 20/);
    const without = await tenantry(['audit', 'verify', file, '--key', keys]);
    assert.equal(without.code, 0, without.said);
    assert.match(without.said, /no anchors were given/);
  });

  it('believes no export that another key signed', async () => {
    const other = JSON.stringify({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lsh1234', kid: 'x' }],
    });
    const file = join(installation.configuration.dataDir, 'other.json');
    await writeFile(file, other);
    const { code, said } = await tenantry(['audit', 'verify', files.jsonl, '--key', file]);
    assert.equal(code, 1, said);
    assert.match(said, /not signed by a trusted key/);
    const unpinned = await tenantry(['audit', 'verify', files.jsonl]);
    assert.equal(unpinned.code, 0, unpinned.said);
    assert.match(unpinned.said, /\nCONSISTENT/);
    assert.doesNotMatch(unpinned.said, /INTACT/, 'by its own keys alone nobody can say that');
  });

  it('says that it could not look when a file is not there or no export, and how it is used', async () => {
    assert.equal((await tenantry(['audit', 'verify', '/nowhere'])).code, 3);
    assert.equal((await tenantry(['audit', 'verify', keys])).code, 3);
    assert.equal((await tenantry(['audit', 'verify', files.jsonl, '--anchors', '/nowhere'])).code, 3);
    assert.equal((await tenantry(['audit'])).code, 2);
  });

  it('agrees with another program that knows only what the documentation says', async () => {
    const python = (file: string) =>
      new Promise<Ended>((resolve, reject) =>
        execFile('python3', ['docs/security/verify.py', file], { cwd: checkout }, (error, stdout, stderr) =>
          error && 'code' in error && error.code === 'ENOENT'
            ? reject(new Error('there is no python3 on the path, so that nothing was checked'))
            : resolve({ code: (error?.code as number | undefined) ?? 0, said: stdout + stderr }),
        ),
      );
    const whole = await python(files.jsonl);
    assert.match(whole.said, /32 entries follow from each other/);
    const edited = await python(
      await changed(files.jsonl, (lines) => lines.map((line) => line.replace('"one":7', '"one":8'))),
    );
    assert.match(edited.said, /entry 4 does not follow/);
  });

  it('believes the next key because the saved one vouches for it', async () => {
    const other = await TestInstallation.start();
    try {
      const next = () =>
        sealAll(() => other.em, other.platform.installation).then(async () => {
          const saved = join(other.configuration.dataDir, 'keys.json');
          return { saved, keys: await listKeys(other.em) };
        });
      await other.em.transactional((em) =>
        appendEvent(em, { stream: 'audit:one', type: 'test.one', tenantId: null }, theSystem),
      );
      const { saved, keys: first } = await next();
      await writeFile(saved, JSON.stringify({ keys: first }));
      const rotated = await tenantry(['audit', 'rotate-key'], other.env);
      assert.equal(rotated.code, 0, rotated.said);
      await next();
      const file = join(other.configuration.dataDir, 'rotated.jsonl');
      const all = { chains: null, from: null, to: null, clearOrigins: false };
      await writeFile(
        file,
        writeExport(exportAudit(other.platform.registry, other.platform.installation, all), 'jsonl'),
      );
      const { code, said } = await tenantry(['audit', 'verify', file, '--key', saved]);
      assert.equal(code, 0, said);
      assert.match(said, /2 entries in 1 chains/);
    } finally {
      await other.stop();
    }
  });

  it('gives a spreadsheet no formula to run, and loses nothing by it', async () => {
    const file = await write('clear', 'csv', { clearOrigins: true });
    const text = await readFile(file, 'utf8');
    for (const cell of text.split(/[,\r\n]/)) assert.doesNotMatch(cell, /^"?[=+@\t-]/);
    assert.match(text, /'@formula/);
    assert.match(text, /192\.0\.2\.7,'=cmd\(\)\|x/);
    const { code, said } = await tenantry(['audit', 'verify', file, '--key', keys]);
    assert.equal(code, 0, said);
  });
});
