import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as newId } from 'uuid';
import { anchorHeads } from '#domain/audit/anchoring.ts';
import { openAnchors } from '#domain/audit/anchors/openAnchors.ts';
import { sealAll, sealRound } from '#domain/audit/sealing.ts';
import { listKeys, rotateKey } from '#domain/audit/signingKeys.ts';
import { verifyRegistry, type Verified } from '#domain/audit/verifying/verifyRegistry.ts';
import { appendEvent, theSystem } from '#domain/events/appendEvent.ts';
import { TestInstallation } from '#test/servers/installation.ts';

describe('the chains of the audit', () => {
  let installation: TestInstallation;
  before(async () => (installation = await TestInstallation.start()));
  after(() => installation.stop());

  const em = () => installation.em;
  const place = () => openAnchors(installation.configuration.audit.anchor);
  const seal = () => sealAll(em, installation.platform.installation);
  const anchor = () => anchorHeads(em(), installation.platform.installation, place());
  const verify = (): Promise<Verified> =>
    verifyRegistry(installation.platform.registry, installation.platform.installation, place());
  const happen = (tenantId: string | null = null) =>
    em().transactional((tx) =>
      appendEvent(tx, { stream: `request:${newId()}`, type: 'test.happened', tenantId }, theSystem),
    );
  const numbers = () =>
    installation.asAdmin<{ chain: string; count: string; highest: string; distinct: string }>(
      null,
      `select coalesce(tenant_id::text, 'platform') as chain, count(*), max(sequence) as highest, count(distinct sequence) as distinct
       from events group by 1`,
    );

  it('number what happened to each tenant and to the platform without a gap, and are whole', async () => {
    const tenants = [newId(), newId(), null];
    for (let round = 0; round < 30; round++) await happen(tenants[round % 3]);
    assert.equal(await seal(), 30);
    assert.equal(await anchor(), 3);
    for (const { count, highest, distinct } of await numbers()) assert.deepEqual([highest, distinct], [count, count]);
    const { entries, chains, anchors, findings, notes } = await verify();
    assert.deepEqual(
      { entries, chains, anchors, findings, notes },
      { entries: 30, chains: 3, anchors: 1, findings: [], notes: [] },
    );
    assert.equal(await anchor(), 0, 'nothing changed, nothing is anchored');
  });

  it('lose nothing that commits later than what was numbered after it', async () => {
    let commit = () => {};
    const held = new Promise<void>((resolve) => (commit = resolve));
    let isWritten = () => {};
    const written = new Promise<void>((resolve) => (isWritten = resolve));
    const slow = em().transactional(async (tx) => {
      await appendEvent(tx, { stream: `request:${newId()}`, type: 'test.slow', tenantId: null }, theSystem);
      isWritten();
      await held;
    });
    await written;
    await happen();
    assert.equal(await seal(), 1);
    commit();
    await slow;
    assert.equal(await seal(), 1);
    await anchor();
    assert.deepEqual((await verify()).findings, []);
    const open = await installation.asAdmin(null, 'select 1 from events where sequence is null');
    assert.equal(open.length, 0);
  });

  it('stay whole when several seal at once while much happens', async () => {
    let isOver = false;
    const sealing = Array.from({ length: 3 }, async () => {
      while (!isOver) {
        await sealRound(em(), installation.platform.installation, 7);
        await anchor();
      }
    });
    await Promise.all(Array.from({ length: 40 }, (_, at) => happen(at % 2 ? newId() : null)));
    isOver = true;
    await Promise.all(sealing);
    await seal();
    await anchor();
    assert.deepEqual((await verify()).findings, []);
    for (const { count, highest, distinct } of await numbers()) assert.deepEqual([highest, distinct], [count, count]);
  });

  it('go on when a sealer died between the anchor and the note of it, and after a line that was torn', async () => {
    await happen();
    await seal();
    await anchor();
    await installation.asAdmin(null, 'update audit_heads set anchored_at = null where chain = $1', ['platform']);
    await appendFile(join(installation.configuration.audit.anchor, 'anchors.jsonl'), '{"v":1,"kind":"anch');
    await anchor();
    const { findings, notes } = await verify();
    assert.deepEqual(findings, []);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /stands something that is none/);
  });

  it('are signed by the next key after a rotation, and the old one vouches for it', async () => {
    const key = await rotateKey(em(), installation.platform.installation, theSystem);
    await happen();
    await seal();
    await anchor();
    assert.deepEqual((await verify()).findings, []);
    const [newest, former] = await listKeys(em());
    assert.equal(newest?.kid, key.kid);
    assert.equal(newest?.endorsement?.kid, former?.kid);
    assert.ok(former?.retiredAt);
  });

  it('show that another key signed, and that anchors were changed', async () => {
    const file = join(installation.configuration.audit.anchor, 'anchors.jsonl');
    const text = await readFile(file, 'utf8');
    const lines = text.split('\n');
    const changed = lines.toSpliced(1, 1).join('\n');
    await writeFile(file, changed);
    assert.ok((await verify()).findings.some(({ kind }) => kind === 'anchors'));
    await writeFile(file, text.replace(/"sequence":1\b/, '"sequence":2'));
    assert.ok((await verify()).findings.some(({ kind }) => kind === 'signature'));
    await writeFile(file, text);
    await installation.asAdmin(
      null,
      `update audit_heads set signature = sha512('x') where chain = 'platform' and sequence = 1`,
    );
    await installation.asAdmin(null, `update audit_keys set public_key = sha256('x') where retired_at is null`);
    const { findings } = await verify();
    assert.ok(findings.length > 0 && findings.every(({ kind }) => kind === 'signature'));
  });
});
