import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { verifyRegistry } from '#domain/audit/verifying/verifyRegistry.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { NoGateway, startGateway, type Gateway } from '#test/servers/versityGateway.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe('anchors in a bucket', function () {
  this.timeout(600_000);
  let place: string;
  let gateway: Gateway;
  let installation: TestInstallation;
  const former = { ...process.env };

  before(async function () {
    place = await mkdtemp(join(tmpdir(), 'tenantry-s3-'));
    try {
      gateway = await startGateway(place, ['anchors']);
    } catch (error) {
      if (!(error instanceof NoGateway) || process.env['CI']) throw error;
      console.error(`\n✖ NOT CHECKED: anchors in a bucket. ${error.message}\n`);
      return this.skip();
    }
    Object.assign(process.env, gateway.env);
    installation = await TestInstallation.start({ TENANTRY_AUDIT_ANCHOR: 's3://anchors/tenantry/prod' });
  });
  after(async () => {
    for (const name of Object.keys(gateway?.env ?? {}))
      if (former[name] === undefined) delete process.env[name];
      else process.env[name] = former[name];
    await installation?.stop();
    await gateway?.stop();
    await rm(place, { recursive: true, force: true });
  });

  const happen = async () => {
    await installation.em.transactional((em) =>
      appendEvent(em, { stream: `audit:x-${newId()}`, type: 'test.happened', tenantId: null }, theSystem),
    );
    await sealAll(() => installation.em, installation.platform.installation);
    return anchorHeads(
      installation.em,
      installation.platform.installation,
      openAnchors(installation.configuration.audit.anchor),
    );
  };
  const verify = () =>
    verifyRegistry(
      installation.platform.registry,
      installation.platform.installation,
      openAnchors(installation.configuration.audit.anchor),
    );

  it('are one object for each line, linked, and found again by who verifies', async () => {
    assert.equal(installation.configuration.audit.anchorSeconds, 30);
    for (let line = 0; line < 12; line++) assert.equal(await happen(), 1);
    const { findings, anchors } = await verify();
    assert.deepEqual({ findings, anchors }, { findings: [], anchors: 12 });
  });

  it('show a tail that was cut together with its heads, and an object that was taken away or changed', async () => {
    const [day = ''] = await readdir(join(gateway.folder, 'anchors/tenantry/prod'));
    const fifth = join(gateway.folder, 'anchors/tenantry/prod', day, '000000000005.json');
    const text = await readFile(fifth, 'utf8');
    await writeFile(fifth, text.replace('"sequence":5', '"sequence":4'));
    const kinds = (await verify()).findings.map(({ kind }) => kind);
    assert.ok(kinds.includes('signature') && kinds.includes('anchors'), kinds.join());
    await rm(fifth);
    assert.ok((await verify()).findings.some(({ kind, from }) => kind === 'anchors' && from === 6));
    await writeFile(fifth, text);
    await installation.asAdmin(null, 'delete from events where sequence > 9');
    await installation.asAdmin(null, 'delete from audit_heads where sequence > 9');
    await installation.asAdmin(
      null,
      'update audit_chains c set sequence = h.sequence, hash = h.hash from audit_heads h where h.sequence = 9',
    );
    assert.partialDeepStrictEqual((await verify()).findings, [{ kind: 'cut', from: 10, to: 12 }]);
  });

  it('wait for a bucket that is away, and are written when it is back', async () => {
    await gateway.stop();
    await assert.rejects(happen());
    const open = await installation.asAdmin(null, 'select 1 from audit_heads where anchored_at is null');
    assert.equal(open.length, 1);
  });
});
