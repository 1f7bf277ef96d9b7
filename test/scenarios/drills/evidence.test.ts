import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceBundle, EvidenceFile } from '#contracts/backups/evidence.ts';
import { canonical } from '#domain/audit/canonical.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { publicKeyOf, signStatement, unsigned, type EvidenceStatement } from '#domain/audit/statements.ts';
import { issueEvidence } from '#domain/backups/evidence/issueEvidence.ts';
import { listEvidence, viewEvidence } from '#domain/backups/evidence/viewEvidence.ts';
import { openDrill } from '#domain/backups/drills/openDrill.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startRun } from '#temporal/startRun.ts';
import { tenantry } from '#test/cli/tenantry.ts';
import { TestInstallation } from '#test/servers/installation.ts';
import { is } from '../backups/backupWorld.ts';
import { keepBackup } from '../backups/keepBackup.ts';
import { plantHistory } from './plantHistory.ts';

const dayMs = 86_400_000;
const everything = { everything: true, plans: new Set<string>(), tenants: new Set<string>(), within: null };
const none = { ...everything, everything: false };
const secret = 'Überaus Geheim GmbH';

describe('evidence for auditors', () => {
  let installation: TestInstallation;
  let tenantId: string;
  let file: EvidenceFile;
  let keys: string;

  const dayOf = (ago: number) => new Date(Date.now() - ago * dayMs).toISOString().slice(0, 10);
  const issue = (
    given: { from: string; to: string; tenantId?: string },
    reach: typeof everything = everything,
  ): Promise<EvidenceFile> =>
    installation.em.transactional((em) =>
      issueEvidence(em, installation.platform.installation, given, { reach, actor: theSystem }),
    );
  const written = async (name: string, content: unknown): Promise<string> => {
    const path = join(installation.configuration.dataDir, `${name}.json`);
    await writeFile(path, JSON.stringify(content, null, 2));
    return path;
  };

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: secret }));
    await installation.provision({ name: 'Never backed up' });
    await plantHistory(installation, tenantId, 30);
    await keepBackup(installation, tenantId);
    const { runId } = await installation.em.transactional((em) => openDrill(em, tenantId, {}, theSystem));
    await startRun(installation.platform, installation.temporal.client, runId);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    await installation.asAdmin(
      null,
      `insert into tenant_backups (tenant_id, failures, failed_at, failure_code, failure) values ($1, 2, now(), 'backup_place_full', $2)
       on conflict (tenant_id) do update set failures = 2, failed_at = now(), failure_code = excluded.failure_code, failure = excluded.failure`,
      [tenantId, `${secret} has no room`],
    );
    file = await issue({ from: dayOf(25), to: dayOf(0) });
    keys = await written('keys', { keys: await listKeys(installation.em) });
  });
  after(() => installation.stop());

  it('says of a time what was promised, copied, proven, missed, and what is not protected and why; and names nobody', () => {
    const { bundle } = file;
    const [one] = bundle.tenants.filter(({ tenant }) => tenant === tenantId);
    assert.equal(bundle.tenants.length, 2);
    assert.deepEqual([one?.protection, one?.whyNot], ['failing', 'backup_place_full']);
    assert.equal(one?.backups.length, 25, 'of each day but one, and of today');
    const proven = one.drills.at(-1)!;
    assert.deepEqual([proven.state, proven.tables, proven.digests, proven.checks.length], ['proven', 4, 4, 2]);
    assert.ok(proven.rtoMs! > 0 && proven.rtoMs! <= proven.rtoTargetMs);
    const [missed] = one.gaps;
    assert.equal(missed?.seconds, (48 * 60 + 3 - 28 * 60) * 60, 'the night without a backup');
    assert.equal(missed.to?.slice(0, 10), dayOf(9));
    assert.deepEqual(
      bundle.policies.map(({ plan, rules }) => [plan, rules.rpoMinutes]),
      [['standard', 28 * 60]],
    );
    assert.equal(bundle.totals.notProtected, 2);
    assert.doesNotMatch(JSON.stringify(file), /Geheim|example\.org|has no room/);
  });

  it('is told by an event with its digest, and is there again for who reaches it', async () => {
    const [event] = await installation.asAdmin<{ data: { digest: string } }>(
      null,
      `select data from events where stream = $1 and type = 'evidence.issued'`,
      [`evidence:${file.bundle.id}`],
    );
    assert.equal(event?.data.digest, createHash('sha256').update(canonical(file.bundle)).digest('hex'));
    assert.deepEqual(await viewEvidence(installation.em, file.bundle.id, everything), file);
    await assert.rejects(viewEvidence(installation.em, file.bundle.id, none), is('not_found'));
    const own = { ...none, tenants: new Set([tenantId]) };
    await issue({ from: dayOf(0), to: dayOf(0), tenantId }, own);
    const { items } = await listEvidence(installation.em, { limit: 10 }, own);
    assert.deepEqual(items.map((item) => item.tenantId), [tenantId]); // prettier-ignore
  });

  it('is refused of days that lie ahead, of tenants that are not there or not theirs, and of more than one file holds', async () => {
    const ahead = new Date(Date.now() + 2 * dayMs).toISOString().slice(0, 10);
    await assert.rejects(issue({ from: dayOf(1), to: ahead }), is('invalid_request'));
    const unknown = '00000000-0000-4000-8000-000000000000';
    await assert.rejects(issue({ from: dayOf(1), to: dayOf(0), tenantId: unknown }), is('not_found'));
    await assert.rejects(issue({ from: dayOf(1), to: dayOf(0), tenantId }, none), is('not_found'));
    await assert.rejects(issue({ from: dayOf(1), to: dayOf(0) }, none), is('forbidden'));
    await installation.asAdmin(
      null,
      `insert into backups (id, tenant_id, run_id, cause, state, started_at)
       select gen_random_uuid(), $1, (select id from runs where tenant_id = $1 limit 1), 'asked', 'discarded', now() - interval '400 days'
       from generate_series(1, 20001)`,
      [tenantId],
    );
    await assert.rejects(issue({ from: dayOf(402), to: dayOf(398) }), is('evidence_too_large'));
  });

  it('is verified offline; what was changed, another key, sums that are wrong and other files are named', async () => {
    const good = await written('good', file);
    const known = await tenantry(['evidence', 'verify', good, '--key', keys]);
    assert.equal(known.code, 0, known.said);
    assert.match(known.said, /all tenants, .*\n.*2 not protected.*\n.*\nGOOD: signed by a key of yours/s);
    assert.match((await tenantry(['evidence', 'verify', good])).said, /CONSISTENT/);

    const changed = await written(
      'changed',
      JSON.parse((await readFile(good, 'utf8')).replace('"failing"', '"protected"')),
    );
    const judged = await tenantry(['evidence', 'verify', changed, '--key', keys]);
    assert.equal(judged.code, 1);
    assert.match(judged.said, /its signature is not over this text/);

    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const own = publicKeyOf(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
    const statement = unsigned<EvidenceStatement>(file.bundle) as EvidenceStatement;
    const forgedText = { ...statement, totals: { ...statement.totals, gaps: 0 } };
    const bundle = signStatement<EvidenceStatement>(forgedText, { kid: own.kid, privateKey }) as EvidenceBundle;
    const forged = await written('forged', { bundle, keys: [own], digest: file.digest });
    const told = (await tenantry(['evidence', 'verify', forged, '--key', keys])).said;
    assert.match(told, /a key that is not known/);
    assert.match(told, /its sums are not those of its lists/);
    assert.match(told, /its digest in the file is another one/);
    assert.equal((await tenantry(['evidence', 'verify', keys])).code, 3);
  });
}).timeout(60_000);
