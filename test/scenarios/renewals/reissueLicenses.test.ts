import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { revokeLicense } from '#domain/licenses/changing/changeState.ts';
import { rotateLicenseKey } from '#domain/licenses/keys/signingKeys.ts';
import { openReissue } from '#domain/licenses/reissuing/reissueAll.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { is, RenewalWorld } from './renewalWorld.ts';

describe('after a key was compromised, its licences', () => {
  let installation: TestInstallation;
  let world: RenewalWorld;
  let tenantId: string;
  before(async () => {
    installation = await TestInstallation.start();
    world = new RenewalWorld(installation);
    await installation.startWorker();
    ({ tenantId } = await installation.provision({ name: 'Signed' }));
  });
  after(() => installation.stop());

  const product = 'leaked';
  const kidsOf = (ids: string[]) =>
    installation.asAdmin<{ id: string; kid: string; serial: number }>(
      null,
      'select id, kid, serial from licenses where id = any($1) order by id',
      [ids],
    );
  const reissue = (kid: string) =>
    installation.em.transactional((em) =>
      openReissue(em, installation.platform.installation, { product, kid, now: new Date() }, theSystem),
    );

  it('are signed anew, counted, each once, what it signed is on the list, and others are left alone', async () => {
    const { kid, id: first } = await world.license(tenantId, { rules: { product } });
    const copies = 229;
    // As many as fill several batches; what differs is their ids.
    await installation.asAdmin(
      null,
      `insert into licenses (id, tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, anchor_at,
                             terms, starts_at, expires_at, over_at, issued_at, claims, signature)
       select gen_random_uuid(), tenant_id, product, plan, policy_name, policy_version, state, serial, kid, is_test, is_trial, anchor_at,
              terms, starts_at, expires_at, over_at, issued_at, claims, signature
       from licenses, generate_series(1, $2) where id = $1`,
      [first, copies],
    );
    const revoked = await world.license(tenantId, { rules: { product } });
    const other = await world.license(tenantId, { rules: { product: 'another' } });
    await installation.em.transactional((em) =>
      revokeLicense(em, { id: revoked.id, reason: 'misuse', now: new Date() }, theSystem),
    );
    await assert.rejects(reissue(kid), is('license_key_current'));
    await assert.rejects(reissue('no-such-key'), is('not_found'));
    await installation.em.transactional((em) =>
      rotateLicenseKey(
        em,
        installation.platform.installation,
        product,
        { publishSeconds: 0, compromised: true, now: new Date() },
        theSystem,
      ),
    );
    const { runId, licenses } = await reissue(kid);
    assert.equal(licenses, copies + 1);
    await assert.rejects(reissue(kid), is('run_in_progress'));
    await startRun(installation.platform, installation.temporal.client, runId);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded', run.reason ?? '');
    assert.partialDeepStrictEqual(run.progress, { done: copies + 1, total: copies + 1, skipped: [] });
    const [left] = await installation.asAdmin<{ of_old: number; twice: number; listed: number }>(
      null,
      `select (count(*) filter (where kid = $1))::int as of_old, (count(*) filter (where serial <> 2))::int as twice,
         (select count(*)::int from license_revocations r where r.product = $2 and r.serial = 1 and r.reason = 'key_compromised') as listed
       from licenses where product = $2 and state = 'active'`,
      [kid, product],
    );
    assert.deepEqual(left, { of_old: 0, twice: 0, listed: copies + 1 });
    assert.equal((await kidsOf([revoked.id]))[0]?.kid, kid);
    assert.equal((await kidsOf([other.id]))[0]?.serial, 1);
    const again = await reissue(kid);
    await startRun(installation.platform, installation.temporal.client, again.runId);
    assert.equal((await installation.runIsOver(again.runId)).progress?.done, 0);
  });

  it('of which one cannot be signed: the others are, and a person is told which', async () => {
    const { id: good } = await world.license(tenantId, { rules: { product } });
    const { id: bad, kid } = await world.license(tenantId, { rules: { product } });
    await installation.asAdmin(null, `update licenses set binding = array['nonsense'] where id = $1`, [bad]);
    await installation.em.transactional((em) =>
      rotateLicenseKey(
        em,
        installation.platform.installation,
        product,
        { publishSeconds: 0, compromised: true, now: new Date() },
        theSystem,
      ),
    );
    const { runId } = await reissue(kid);
    await startRun(installation.platform, installation.temporal.client, runId);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'needs_attention');
    assert.match(run.reason ?? '', new RegExp(`licence ${bad}`));
    const [one] = await kidsOf([good]);
    assert.notEqual(one?.kid, kid);
    assert.equal((await kidsOf([bad]))[0]?.kid, kid);
  });
});
