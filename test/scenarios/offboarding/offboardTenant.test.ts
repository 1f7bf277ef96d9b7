import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainError } from '#contracts/errors.ts';
import { readCertificate } from '#domain/erasure/certificates.ts';
import { openErasureLedger, verifyErasureLedger } from '#domain/erasure/erasureLedger.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { liftLegalHold, setLegalHold } from '#domain/offboarding/legalHolds.ts';
import { bucketNameOf } from '#domain/resources/names.ts';
import { wakeSignal } from '#contracts/workflowInputs.ts';
import { TestInstallation } from '../../servers/installation.ts';
import type { StepIn } from '../../servers/faults.ts';
import { remainsOf } from '../../servers/remains.ts';
import { tenantLogin } from '../../servers/tenantLogin.ts';
import { certified, inGrace, inTenant, offboard } from './leavingTenant.ts';

const refusal = (code: string) => (error: DomainError) => error.code === code;
const canary = 'Kanarienvogel';

describe('offboarding a tenant', function () {
  this.timeout(120_000);
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((...given) => stepIn(...given));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = async () => undefined;
  });

  const stateOf = async (tenantId: string) => {
    const [row] = await installation.asAdmin<{ state: string; attention: boolean }>(
      null,
      'select state, attention from tenants where id = $1',
      [tenantId],
    );
    return row;
  };
  const accessOf = (tenantId: string) =>
    installation.asAdmin(null, 'select provider, access, state from resources where tenant_id = $1 order by position', [
      tenantId,
    ]);
  const placeOf = (tenantId: string) =>
    readdir(join(installation.configuration.place, 'exports', tenantId)).catch(() => []);

  it('copies it, waits, and undone on its last day gives back exactly what was', async () => {
    const tenant = await installation.provision({ name: 'Comes back', labels: { tier: 'gold' } });
    const { tenantId } = tenant;
    await inTenant(installation, tenantId, `insert into settings (name, value) values ('colour', '"blue"')`);
    const [before] = await installation.asAdmin(
      null,
      "select to_jsonb(t) - array['version','updated_at','latest_run_id'] as row from tenants t where id = $1",
      [tenantId],
    );
    const accessBefore = await accessOf(tenantId);
    const { runId } = await offboard(installation, tenant, 30);
    const held = await inGrace(installation, runId);
    assert.deepEqual(
      held.steps.slice(0, 4).map(({ title, state }) => [title, state]),
      [
        ['Suspend the tenant', 'done'],
        ['Export everything', 'done'],
        ['Verify the export', 'done'],
        ['Hand the export over', 'done'],
      ],
    );
    assert.deepEqual([...new Set((await accessOf(tenantId)).map(({ access }) => access))], ['suspended']);
    await assert.rejects((await tenantLogin(installation, tenantId)).connect());
    assert.equal((await placeOf(tenantId)).length, 1);
    await assert.rejects(installation.removeTenant(tenantId, tenant.slug), refusal('offboarding_open'));

    await installation.cancelRun(runId);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'cancelled', run.reason ?? '');
    const [after] = await installation.asAdmin(
      null,
      "select to_jsonb(t) - array['version','updated_at','latest_run_id'] as row from tenants t where id = $1",
      [tenantId],
    );
    assert.deepEqual(after, before);
    assert.deepEqual(await accessOf(tenantId), accessBefore);
    const client = await (await tenantLogin(installation, tenantId)).connect();
    assert.equal((await client.query(`select value from settings where name = 'colour'`)).rows[0]?.value, 'blue');
    await client.end();
    assert.deepEqual(await placeOf(tenantId), []);
  });

  it('erases everything when its time is over: certificate, ledger, key, and no word of it in any table', async () => {
    const tenant = await installation.provision({
      name: `${canary} AG`,
      externalId: `${canary}-1`,
      labels: { of: canary },
      admin: { email: `${canary.toLowerCase()}@goes.example`, name: canary },
    });
    const { tenantId, slug } = tenant;
    await inTenant(installation, tenantId, `insert into settings (name, value) values ('word', '"${canary}"')`);
    const bucket = join(installation.configuration.storageDir, bucketNameOf(tenantId));
    await mkdir(join(bucket, canary), { recursive: true });
    await writeFile(join(bucket, canary, 'a.txt'), canary.repeat(1_000));
    const { runId } = await offboard(installation, tenant, 0);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    const shredding = await certified(installation, tenantId);
    assert.equal(shredding.state, 'succeeded', shredding.reason ?? '');

    assert.deepEqual(await remainsOf(installation, tenantId), [`address ${slug}`]);
    assert.deepEqual(await stateOf(tenantId), { state: 'erased', attention: false });
    assert.deepEqual(await placeOf(tenantId), []);
    const { certificate, ledger } = await readCertificate(installation.em, tenantId);
    assert.equal(ledger.number, 1);
    const countOf = (store: string, what: string) =>
      certificate.counts.find((one) => one.store === store && one.what === what);
    assert.partialDeepStrictEqual(countOf('database', 'tables'), { before: 4, after: 0 });
    assert.partialDeepStrictEqual(countOf('storage', 'objects'), { before: 1, after: 0 });
    assert.partialDeepStrictEqual(countOf('key', 'keys'), { before: 1, after: 0 });
    assert.ok(
      certificate.counts.every(({ after }) => after === 0),
      JSON.stringify(certificate.counts),
    );
    assert.equal(JSON.stringify(certificate).includes(canary), false);
    assert.deepEqual(
      await verifyErasureLedger(
        installation.em,
        installation.platform.installation,
        openErasureLedger(installation.configuration),
      ),
      [],
    );
    assert.deepEqual(await wordsLeft(installation, canary, slug), ['tenant_addresses']);
    await assert.rejects(installation.createTenant({ name: 'Next', slug }), refusal('slug_taken'));
  });

  it('stops everything when the export fails: nothing is erased, and rolled back the tenant is as it was', async () => {
    const tenant = await installation.provision({ name: 'Full disk' });
    const accessBefore = await accessOf(tenant.tenantId);
    const { place } = installation.configuration;
    await mkdir(join(place, 'exports'), { recursive: true });
    await writeFile(join(place, 'exports', tenant.tenantId), 'in the way');
    const { runId } = await offboard(installation, tenant, 0);
    const waiting = await installation.runIs('waiting', runId);
    assert.equal(waiting.held?.by, 'decision');
    assert.deepEqual(waiting.may.decide.toSorted(), ['retry', 'roll_back']);
    await installation.decide(runId, 'roll_back');
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'rolled_back');
    assert.deepEqual(await accessOf(tenant.tenantId), accessBefore);
    assert.deepEqual(await stateOf(tenant.tenantId), { state: 'active', attention: false });
  });

  it('waits for as long as a legal hold forbids the erasure, and goes on when it is lifted', async () => {
    const tenant = await installation.provision({ name: 'Held' });
    const { tenantId } = tenant;
    const { tenantKeys } = installation.platform;
    await installation.em.transactional((em) => setLegalHold(em, tenantKeys, tenantId, 'Case 12', theSystem));
    await assert.rejects(installation.removeTenant(tenantId, tenant.slug), refusal('legal_hold'));
    await assert.rejects(
      installation.em.transactional((em) => setLegalHold(em, tenantKeys, tenantId, 'Again', theSystem)),
      refusal('legal_hold_open'),
    );
    const { runId } = await offboard(installation, tenant, 0);
    const held = await installation.until('the hold to be seen', 30_000, async () => {
      const run = await installation.run(runId);
      return run.held?.by === 'legal_hold' ? run : null;
    });
    assert.equal(held.state, 'waiting');
    assert.equal(
      (await accessOf(tenantId)).every(({ state }) => state === 'present'),
      true,
    );
    const workflowId = await installation.em.transactional((em) => liftLegalHold(em, tenantId, theSystem));
    await installation.temporal.client.workflow.getHandle(workflowId!).signal(wakeSignal);
    assert.equal((await installation.runIsOver(runId)).state, 'succeeded');
    await certified(installation, tenantId);
  });

  it('a removal at once ends with the same ledger line and certificate, and the histories cannot be read', async () => {
    const tenant = await installation.provision({ name: 'At once' });
    const { runId } = await installation.removeTenant(tenant.tenantId, tenant.slug);
    const run = await installation.runIsOver(runId);
    assert.equal((await certified(installation, tenant.tenantId)).state, 'succeeded');
    const { certificate } = await readCertificate(installation.em, tenant.tenantId);
    assert.equal(certificate.cause, 'removal');
    assert.equal(certificate.export, null);
    const { client } = installation.temporal;
    const { history } = await client.workflow
      .getHandle(run.temporal.workflowId)
      .fetchHistory()
      .then((history) => ({ history }));
    assert.ok(history.events && history.events.length > 0);
    const { decodePayloads } = await import('#temporal/remoteCodec.ts');
    const payload = history.events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
    const encoded = {
      metadata: Object.fromEntries(
        Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(payload.data ?? []).toString('base64'),
    };
    await assert.rejects(decodePayloads(installation.platform, [encoded], null), refusal('key_destroyed'));
    assert.equal(await installation.platform.tenantKeys.find(tenant.tenantId), null);
  });
});

/** The tables in which a word still stands, in any column; sealed ones are told apart by what they need to be read. */
async function wordsLeft(installation: TestInstallation, ...words: string[]): Promise<string[]> {
  const tables = await installation.asAdmin<{ name: string }>(
    null,
    `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r'`,
  );
  const left: string[] = [];
  for (const { name } of tables) {
    const found = await installation.asAdmin(
      null,
      `select 1 from "${name}" t where to_jsonb(t)::text ilike any($1::text[]) limit 1`,
      [words.map((word) => `%${word}%`)],
    );
    if (found.length > 0) left.push(name);
  }
  return left;
}
