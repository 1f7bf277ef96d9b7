import assert from 'node:assert/strict';
import { v7 as newId } from 'uuid';
import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { exportAudit } from '#domain/audit/exporting/exportAudit.ts';
import { sealAll } from '#domain/audit/sealing.ts';
import { listKeys } from '#domain/audit/signingKeys.ts';
import { trimAudit } from '#domain/audit/trimAudit.ts';
import { verifyExport } from '#domain/audit/verifying/verifyExport.ts';
import { verifyRegistry } from '#domain/audit/verifying/verifyRegistry.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe('retention of the audit', () => {
  let installation: TestInstallation;
  const tenantId = newId();
  before(async () => (installation = await TestInstallation.start()));
  after(() => installation.stop());

  const own = () => installation.platform.installation;
  const place = () => openAnchors(installation.configuration.audit.anchor);
  const happen = async (count: number, ofTenant = true) => {
    for (let one = 0; one < count; one++)
      await installation.em.transactional((em) =>
        appendEvent(
          em,
          { stream: `audit:x-${newId()}`, type: 'test.happened', tenantId: one % 2 && ofTenant ? tenantId : null },
          theSystem,
        ),
      );
    await sealAll(() => installation.em, own());
    await anchorHeads(installation.em, own(), place());
  };
  const findings = async () => (await verifyRegistry(installation.platform.registry, own(), place())).findings;
  const exported = async () =>
    verifyExport(
      exportAudit(installation.platform.registry, own(), { chains: null, from: null, to: null, clearOrigins: false }),
      { keys: await listKeys(installation.em), anchors: place() },
    );

  it('deletes what is old, and the rest verifies from there, in the registry and in exports', async () => {
    await happen(20);
    const between = new Date();
    await happen(10);
    assert.equal(await trimAudit(() => installation.em, own(), between), 20);
    await happen(4);
    assert.deepEqual(await findings(), []);
    const { findings: inExport, entries } = await exported();
    assert.deepEqual(inExport, []);
    assert.equal(entries, 10 + 1 + 4, 'with the event of the deletion');
    assert.equal(await trimAudit(() => installation.em, own(), between), 0);
  });

  it('leaves a chain of which nothing is left known and whole', async () => {
    const between = new Date();
    await happen(1, false);
    await trimAudit(() => installation.em, own(), between);
    assert.deepEqual(await findings(), []);
    assert.deepEqual((await exported()).findings, []);
  });

  it('is told from a deletion by somebody else, also when that is dressed up as one', async () => {
    await happen(6);
    await installation.asAdmin(
      null,
      `delete from events where tenant_id is null and sequence = (select min(sequence) from events where tenant_id is null)`,
    );
    assert.deepEqual(
      (await findings()).map(({ kind }) => kind),
      ['deleted'],
    );
    await installation.asAdmin(
      null,
      `update audit_trims t set sequence = e.sequence, hash = e.hash from (
         select sequence, hash from events where tenant_id is null order by sequence limit 1) e where t.chain = 'platform'`,
    );
    assert.ok((await findings()).some(({ kind }) => kind === 'signature'));
  });
});
