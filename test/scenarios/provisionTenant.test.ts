import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '#contracts/errors.ts';
import { bucketNameOf, schemaNameOf } from '#domain/resources/names.ts';
import { ProviderError } from '#providers/provider.ts';
import { TestInstallation } from '../servers/installation.ts';
import type { StepIn } from '../servers/faults.ts';
import { remainsOf } from '../servers/remains.ts';

describe('provisioning a tenant', () => {
  let installation: TestInstallation;
  let stepIn: StepIn = async () => undefined;

  before(async () => {
    installation = await TestInstallation.start();
    await installation.startWorker((position, attempt) => stepIn(position, attempt));
  });
  after(() => installation.stop());
  beforeEach(() => {
    stepIn = async () => undefined;
  });

  it('gives it database, realm and bucket, opens its doors and invites its admin', async () => {
    const { tenantId, slug, runId } = await installation.createTenant({
      name: 'Université de Besançon',
      admin: { email: 'rectrice@besancon.example', name: 'Zoé Petit' },
    });
    assert.equal(slug, 'universite-de-besancon');
    const run = await installation.runIsOver(runId);

    assert.equal(run.state, 'succeeded');
    assert.deepEqual(
      run.steps.map(({ title, state }) => [title, state]),
      [
        ['Reserve the address', 'done'],
        ['Create the database', 'done'],
        ['Create the sign-in realm', 'done'],
        ['Create the storage bucket', 'done'],
        ['Check that everything answers', 'done'],
        ['Open the doors', 'done'],
      ],
    );
    const [tenant] = await installation.asAdmin<{ state: string }>(null, 'select state from tenants where id = $1', [
      tenantId,
    ]);
    assert.equal(tenant?.state, 'active');

    const [store] = await installation.asAdmin<{ database_name: string }>(
      null,
      'select database_name from data_stores',
    );
    const tables = await installation.asAdmin<{ tablename: string }>(
      store?.database_name ?? '',
      'select tablename from pg_tables where schemaname = $1 order by 1',
      [schemaNameOf(tenantId)],
    );
    assert.deepEqual(
      tables.map(({ tablename }) => tablename),
      ['projects', 'schema_migrations', 'settings', 'tasks'],
    );
    assert.ok(
      (await readdir(join(installation.configuration.storageDir, bucketNameOf(tenantId)))).includes('.tenantry-owner'),
    );

    const { outboxDir } = installation.configuration;
    const mails = await installation.until('the invitation', 20_000, async () => {
      const names = (await readdir(outboxDir).catch(() => [])).filter((name) => name.endsWith('.eml'));
      return names.length > 0 ? names : null;
    });
    assert.equal(mails.length, 1);
    const mail = await readFile(join(outboxDir, mails[0] ?? ''), 'utf8');
    assert.match(mail, /To: "?(=\?|Zo).*<rectrice@besancon\.example>/);
    assert.match(mail, /\/portal\/universite-de-besancon/);
  });

  for (const [at, title] of [
    ['database.ensure', 'Create the database'],
    ['realm.ensure', 'Create the sign-in realm'],
    ['storage.ensure', 'Create the storage bucket'],
    ['realm.prove', 'Check that everything answers'],
  ] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`leaves nothing behind when "${title}" fails ${when} its effect`, async () => {
        stepIn = async (position) => {
          if (position.at === at && position.when === when) throw new DomainError('check_failed', 'The test says no.');
        };
        const { tenantId, slug, runId } = await installation.createTenant({ name: `Fails ${when} ${at}` });
        const run = await installation.runIsOver(runId);

        assert.equal(run.state, 'rolled_back');
        assert.equal(run.reason, 'The test says no.');
        assert.ok(run.may.tryAgain);
        assert.deepEqual(await remainsOf(installation, tenantId), []);
        stepIn = async () => undefined;
        const again = await installation.provision({ name: 'The next one', slug });
        assert.equal(again.slug, slug);
      });
    }
  }

  it('rides out an outage that is shorter than its attempts', async () => {
    let outages = 2;
    stepIn = async ({ at, when }) => {
      if (at === 'storage.ensure' && when === 'before' && outages-- > 0)
        throw new ProviderError('storage', 'The disk does not answer.');
    };
    const { runId } = await installation.createTenant({ name: 'Patience' });
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded');
    assert.equal(run.steps.find(({ provider }) => provider === 'storage')?.attempt, 3);
  });

  it('undoes the rest, keeps the address held and names what is left when an undo fails for good', async () => {
    stepIn = async ({ at, when }) => {
      if (at === 'storage.ensure' && when === 'after') throw new DomainError('check_failed', 'The test says no.');
      if (at === 'realm.destroy' && when === 'before') throw new DomainError('check_failed', 'The realm will not go.');
    };
    const { tenantId, slug, runId } = await installation.createTenant({ name: 'Stuck' });
    const run = await installation.runIsOver(runId);

    assert.equal(run.state, 'needs_attention');
    assert.match(run.reason ?? '', /Sign-in realm/);
    assert.doesNotMatch(run.reason ?? '', /database|bucket/);
    assert.deepEqual(await remainsOf(installation, tenantId), ['realm', 'secrets', `address ${slug}`]);

    stepIn = async () => undefined;
    const removal = await installation.removeTenant(tenantId, slug);
    assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
    assert.deepEqual(await remainsOf(installation, tenantId), []);
  });

  it('refuses a taken address and leaves its owner alone', async () => {
    const owner = await installation.provision({ name: 'First', slug: 'coveted' });
    await assert.rejects(
      installation.createTenant({ name: 'Second', slug: 'coveted' }),
      (error: DomainError) =>
        error.code === 'slug_taken' && (error.extra['suggestions'] as string[])[0] === 'coveted-2',
    );
    const run = await installation.run(owner.runId);
    assert.equal(run.state, 'succeeded');
    assert.equal(run.tenant?.slug, 'coveted');
  });

  it('gives an address made from a repeated name the next free number', async () => {
    const slugs = [];
    for (let i = 0; i < 3; i++) slugs.push((await installation.createTenant({ name: 'Ärztekammer' })).slug);
    assert.deepEqual(slugs, ['arztekammer', 'arztekammer-2', 'arztekammer-3']);
  });

  for (const at of ['database.ensure', 'realm.ensure', 'storage.ensure', 'realm.prove', 'storage.destroy'] as const) {
    it(`ends cancelled and clean when it is cancelled in ${at}`, async () => {
      let reached = () => undefined as void;
      const there = new Promise<void>((resolve) => (reached = resolve));
      let goOn = () => undefined as void;
      const released = new Promise<void>((resolve) => (goOn = resolve));
      const undoing = at.endsWith('destroy');
      stepIn = async (position) => {
        if (undoing && position.at === 'realm.prove') throw new DomainError('check_failed', 'The test says no.');
        if (position.at !== at || position.when !== 'after') return;
        reached();
        await released;
      };
      const { tenantId, runId } = await installation.createTenant({ name: `Cancel in ${at}` });
      await there;
      if (undoing) {
        await assert.rejects(
          installation.cancelRun(runId),
          (error: DomainError) => error.code === 'run_not_cancellable',
        );
        // The Temporal CLI asks nobody: the rollback goes on all the same.
        await installation.temporal.client.workflow
          .getHandle((await installation.run(runId)).temporal.workflowId)
          .cancel();
      } else await installation.cancelRun(runId);
      goOn();
      const run = await installation.runIsOver(runId);
      assert.equal(run.state, undoing ? 'rolled_back' : 'cancelled');
      assert.deepEqual(await remainsOf(installation, tenantId), []);
    });
  }

  it('refuses to cancel what has succeeded', async () => {
    const { runId } = await installation.provision({ name: 'Too late' });
    await assert.rejects(installation.cancelRun(runId), (error: DomainError) => error.code === 'run_not_cancellable');
  });
});
