import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import type { CertificateFile, ErasureCertificate } from '#contracts/offboarding/certificate.ts';
import { listKeys, signerOf } from '#domain/audit/signingKeys.ts';
import { publicKeyOf, signStatement, type CertificateStatement } from '#domain/audit/statements.ts';
import { digestOfCertificate } from '#domain/erasure/certificates.ts';
import { appendErasure, openErasureLedger, verifyErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { checkout } from '#local/paths.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { tenantry, type Ended } from './tenantry.ts';

const python = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) =>
    execFile('python3', ['docs/verify_erasure.py', ...args], { cwd: checkout }, (error, stdout, stderr) =>
      resolve({ code: (error?.code as number | undefined) ?? 0, said: stdout + stderr }),
    ),
  );

describe('tenantry erasure verify', function () {
  this.timeout(60_000);
  let installation: TestInstallation;
  let keys: string;
  let ledgerFile: string;

  before(async () => {
    installation = await TestInstallation.start();
    const { em } = installation;
    await signerOf(em, installation.platform.installation);
    keys = join(installation.configuration.dataDir, 'keys.json');
    await writeFile(keys, JSON.stringify({ keys: await listKeys(em) }));
    ledgerFile = join(installation.configuration.erasure.ledger, 'erasures.jsonl');
  });
  after(() => installation.stop());

  const statement = (after = 0): CertificateStatement => ({
    v: 1,
    kind: 'erasure-certificate',
    installation: installation.platform.installation.id,
    tenant: newId(),
    cause: 'removal',
    run: newId(),
    requestedAt: '2026-11-21T20:00:00.000Z',
    erasedAt: '2026-11-21T20:01:00.000Z',
    keyDestroyedAt: '2026-11-21T20:02:00.000Z',
    at: '2026-11-21T20:03:00.000Z',
    counts: [{ store: 'database', what: 'rows “größer”', before: 3, after }],
    export: null,
  });
  const stays: NonNullable<CertificateStatement['stays']> = [
    { what: 'backup', id: newId(), until: '2027-01-01T00:00:00.000Z' },
    { what: 'card', id: null, until: null },
  ];
  async function certify(of: CertificateStatement, name: string, inLedger = true): Promise<string> {
    const { em } = installation;
    const { installation: own } = installation.platform;
    const certificate = signStatement(of, await signerOf(em, own)) as ErasureCertificate;
    const digest = digestOfCertificate(certificate).toString('hex');
    const number = inLedger
      ? await em.transactional((tx) =>
          appendErasure(tx, own, openErasureLedger(installation.configuration), {
            tenant: of.tenant,
            certificate: digest,
          }),
        )
      : 1;
    const file: CertificateFile = {
      certificate,
      keys: (await listKeys(em)).map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid })),
      ledger: { number, digest },
    };
    const path = join(installation.configuration.dataDir, `${name}.json`);
    await writeFile(path, JSON.stringify(file, null, 2));
    return path;
  }

  it('takes a good one, by the keys and the ledger, and so does Python alone', async () => {
    const file = await certify(statement(), 'good');
    const { code, said } = await tenantry(['erasure', 'verify', file, '--key', keys, '--ledger', ledgerFile]);
    assert.equal(code, 0, said);
    assert.match(said, /GOOD: signed by a key of yours/);
    assert.match((await tenantry(['erasure', 'verify', file])).said, /CONSISTENT/);
    const byPython = await python(file);
    assert.equal(byPython.code, 0, byPython.said);
    assert.match(byPython.said, /the signature is good; nothing was left/);
  });

  it('names what was changed, what was left, another key, and a line that is missing', async () => {
    const file = await certify(statement(), 'changed');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"before": 3', '"before": 2'));
    const changed = await tenantry(['erasure', 'verify', file, '--key', keys]);
    assert.equal(changed.code, 1);
    assert.match(changed.said, /it was changed/);
    assert.notEqual((await python(file)).code, 0);

    const left = await tenantry(['erasure', 'verify', await certify(statement(2), 'left'), '--key', keys]);
    assert.match(left.said, /database: 2 of 3 rows “größer” were left/);

    const locked = await certify({ ...statement(), stays }, 'locked');
    const kept = await tenantry(['erasure', 'verify', locked, '--key', keys]);
    assert.equal(kept.code, 1);
    assert.match(kept.said, /a lock kept backup \S+ until 2027-01-01T00:00:00.000Z[^]*a lock kept the card\b/);
    const keptByPython = await python(locked);
    assert.equal(keptByPython.code, 1);
    assert.match(
      keptByPython.said,
      /signature is good.*a lock kept backup .* until 2027.*a lock kept card {2}until it is lifted/,
    );

    const lonely = await certify(statement(), 'lonely', false);
    const missing = await tenantry(['erasure', 'verify', lonely, '--key', keys, '--ledger', ledgerFile]);
    assert.match(missing.said, /no signed line for it/);

    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const own = publicKeyOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
    const forged = join(installation.configuration.dataDir, 'forged.json');
    const certificate = signStatement(statement(), { kid: own.kid, privateKey }) as ErasureCertificate;
    const digest = digestOfCertificate(certificate).toString('hex');
    await writeFile(forged, JSON.stringify({ certificate, keys: [own], ledger: { number: 1, digest } }));
    assert.match((await tenantry(['erasure', 'verify', forged, '--key', keys])).said, /a key that is not known/);
    assert.equal((await tenantry(['erasure', 'verify', keys])).code, 3);
  });

  it('the ledger names a line that was edited, taken out, cut off or put elsewhere', async () => {
    for (const name of ['one', 'two', 'three']) await certify(statement(), name);
    const whole = await readFile(ledgerFile, 'utf8');
    const judge = async (change: (lines: string[]) => string[]) => {
      await writeFile(ledgerFile, change(whole.trimEnd().split('\n')).join('\n') + '\n');
      const findings = await verifyErasureLedger(
        installation.em,
        installation.platform.installation,
        openErasureLedger(installation.configuration),
      );
      await writeFile(ledgerFile, whole);
      return findings;
    };
    assert.deepEqual(await judge((lines) => lines), []);
    assert.ok((await judge((lines) => lines.toSpliced(1, 1))).length > 0);
    assert.ok(
      (await judge((lines) => lines.toSpliced(1, 1, lines[1]!.replace(/"tenant":"./, '"tenant":"f')))).length > 0,
    );
    assert.ok((await judge((lines) => [lines[1]!, lines[0]!, ...lines.slice(2)])).length > 0);
    assert.ok((await judge((lines) => [...lines, 'no line'])).length > 0);
  });
});
