import assert from 'node:assert/strict';
import { onboardingItems } from '#contracts/onboarding/items.ts';
import { challengeValueOf } from '#contracts/onboarding/mailDomains.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { startOnboarding } from '#domain/onboarding/openOnboarding.ts';
import { changeOnboardingPlan } from '#domain/onboarding/plans.ts';
import { askForCheck, chooseMailDomain } from '#domain/onboarding/mailDomains.ts';
import { noteOnboarding } from '#domain/onboarding/noteOnboarding.ts';
import { askForSampleData, setBillingContact, skipItem } from '#domain/onboarding/tenantsPart.ts';
import { startRun } from '#temporal/startRun.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { NameServer } from '../../servers/nameServer.ts';
import { schemaNameOf } from '#domain/resources/names.ts';

const dayMs = 86_400_000;

describe("a tenant's onboarding", () => {
  let installation: TestInstallation;
  const names: NameServer[] = [];
  before(async () => {
    names.push(await NameServer.start({ records: null }), await NameServer.start({ records: null }));
    installation = await TestInstallation.start({
      TENANTRY_DNS_SERVERS: names.map(({ address }) => address).join(','),
      TENANTRY_DNS_SECONDS: '1',
    });
  });
  after(async () => {
    await installation.stop();
    for (const server of names) await server.stop();
  });
  afterEach(async () => {
    await worker?.stop();
  });
  let worker: Awaited<ReturnType<TestInstallation['startWorker']>> | null = null;
  const startWorker = async () => (worker = await installation.startWorker());

  const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    installation.asAdmin<Row & Record<string, unknown>>(null, text, values);

  async function onboarded(name: string): Promise<{ tenantId: string; runId: string; email: string }> {
    const email = `${name.toLowerCase().replaceAll(' ', '-')}@onboard.example`;
    const { tenantId } = await installation.provision({ name, admin: { email } });
    const runId = await begun(tenantId);
    return { tenantId, runId, email };
  }
  const begun = (tenantId: string): Promise<string> =>
    installation.until('the onboarding to begin', 30_000, async () => {
      const [found] = await sql<{ run_id: string }>(
        `select run_id from onboardings where tenant_id = $1 and state = 'open' and began_ms is not null`,
        [tenantId],
      );
      return found?.run_id;
    });
  const stateOf = async (runId: string, item: string): Promise<string | undefined> =>
    (
      await sql<{ state: string }>('select state from onboarding_items where run_id = $1 and item = $2', [runId, item])
    )[0]?.state;
  const becomes = (runId: string, item: string, state: string) =>
    installation.until(`${item} to be ${state}`, 30_000, async () => (await stateOf(runId, item)) === state);
  const findingOf = async (tenantId: string): Promise<string | null | undefined> =>
    (
      await sql<{ finding: string | null }>('select finding from tenant_mail_domains where tenant_id = $1', [tenantId])
    )[0]?.finding;
  const write = <Result>(work: Parameters<typeof installation.em.transactional<Result>>[0]) =>
    installation.em.transactional(work);

  it('begins when the admin was invited, tells of each item in the run, and finishes when all are settled', async () => {
    await startWorker();
    const { tenantId, runId } = await onboarded('Whole way');
    const run = await installation.run(runId);
    assert.deepEqual([run.state, run.kind], ['running', 'onboardTenant']);
    assert.deepEqual(
      run.steps.map(({ state }) => state),
      [...onboardingItems.map(() => 'running'), 'pending'],
    );
    for (const item of onboardingItems) await write((em) => noteOnboarding(em, tenantId, item, theSystem));
    const ended = await installation.runIsOver(runId);
    assert.equal(ended.state, 'succeeded');
    const events = await sql<{ type: string }>('select type from events where stream = $1 order by version', [
      `onboarding:${runId}`,
    ]);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['onboarding.started', ...onboardingItems.map(() => 'onboarding.item_done'), 'onboarding.finished'],
    );
  });

  it('does not begin for a tenant without a named admin, nor where its plan asks for nothing, nor twice', async () => {
    await startWorker();
    const { tenantId } = await installation.provision({ name: 'Nobody named' });
    await installation.addPlan('silent', [
      { key: 'database', kind: 'resource', provider: 'database', title: 'Create the database' },
    ]);
    await write((em) => changeOnboardingPlan(em, 'silent', { items: [] }, theSystem));
    const silent = await installation.provision({
      name: 'Silent',
      plan: 'silent',
      admin: { email: 'silent@onboard.example' },
    });
    const [delivery] = await sql<{ id: string }>(`select id from runs where parent_run_id = $1`, [silent.runId]);
    await installation.runIsOver(delivery!.id);
    assert.deepEqual(
      await sql('select 1 from onboardings where tenant_id = any($1)', [[tenantId, silent.tenantId]]),
      [],
    );
    await assert.rejects(
      write((em) => startOnboarding(em, silent.tenantId, theSystem)),
      { code: 'onboarding_over' },
    );

    const begunRun = await write((em) => startOnboarding(em, tenantId, theSystem));
    await startRun(installation.platform, installation.temporal.client, begunRun);
    await begun(tenantId);
    await assert.rejects(
      write((em) => startOnboarding(em, tenantId, theSystem)),
      { code: 'run_in_progress' },
    );
  });

  it('verifies a mail domain by what all name servers say: first nobody knows it, one lies, then it is right', async () => {
    await startWorker();
    const { tenantId, runId } = await onboarded('Mail domain');
    await write((em) => chooseMailDomain(em, tenantId, 'mail-domain.example', theSystem));
    await installation.until('the first look', 20_000, async () => (await findingOf(tenantId)) === 'no_record');
    const [{ token }] = (await sql<{ token: string }>('select token from tenant_mail_domains where tenant_id = $1', [
      tenantId,
    ])) as [{ token: string }];
    names[0]!.behaviour = { records: [[challengeValueOf(token)]] };
    await write((em) => askForCheck(em, tenantId));
    await installation.until('the lie to be seen', 20_000, async () => (await findingOf(tenantId)) === 'differs');
    names[0]!.behaviour = { silent: true };
    names[1]!.behaviour = { records: [['other'], ['tenantry-domain-verification=', 'wrong']] };
    await write((em) => askForCheck(em, tenantId));
    await installation.until('another record', 20_000, async () => (await findingOf(tenantId)) === 'other_record');
    for (const server of names)
      server.behaviour = { records: [['v=spf1 -all'], [challengeValueOf(token)]], truncates: true };
    await write((em) => askForCheck(em, tenantId));
    await becomes(runId, 'mail_domain', 'done');
    await assert.rejects(
      write((em) => askForCheck(em, tenantId)),
      { code: 'mail_domain_verified' },
    );

    const other = await onboarded('Same domain');
    await write((em) => chooseMailDomain(em, other.tenantId, 'mail-domain.example', theSystem));
    const [theirs] = await sql<{ token: string }>('select token from tenant_mail_domains where tenant_id = $1', [
      other.tenantId,
    ]);
    for (const server of names) server.behaviour = { records: [[challengeValueOf(theirs!.token)]] };
    await write((em) => askForCheck(em, other.tenantId));
    await installation.until('the owner to keep it', 20_000, async () => (await findingOf(other.tenantId)) === 'taken');
    for (const server of names) server.behaviour = { records: null };
  });

  it("loads sample data into the tenant's own schema, once", async () => {
    await startWorker();
    const { tenantId, runId } = await onboarded('Sample');
    const { tenantId: neighbour } = await installation.provision({ name: 'Neighbour' });
    await write((em) => askForSampleData(em, tenantId));
    await becomes(runId, 'sample_data', 'done');
    await assert.rejects(
      write((em) => askForSampleData(em, tenantId)),
      { code: 'item_settled' },
    );
    const [store] = await sql<{ database_name: string }>('select database_name from data_stores limit 1');
    const count = async (id: string): Promise<number> =>
      Number(
        (
          await installation.asAdmin<{ n: string }>(
            store!.database_name,
            `select count(*) as n from ${schemaNameOf(id)}.tasks`,
          )
        )[0]?.n,
      );
    assert.equal(await count(tenantId), 3);
    assert.equal(await count(neighbour), 0);
    // The answer was lost and it is asked for again: what the schema has noted counts.
    await sql(`update tenant_samples set state = 'asked' where tenant_id = $1`, [tenantId]);
    await sql(`update onboardings set changed_at = now() where run_id = $1`, [runId]);
    await installation.until(
      'it to be loaded',
      20_000,
      async () =>
        (await sql(`select 1 from tenant_samples where tenant_id = $1 and state = 'loaded'`, [tenantId])).length === 1,
    );
    assert.equal(await count(tenantId), 3);
  });

  it("keeps the billing contact under the tenant's key, and says who skipped what and why", async () => {
    await startWorker();
    const { tenantId, runId } = await onboarded('Skipping');
    const contact = { name: 'Berta Bill', email: 'berta@billing.example' };
    await write((em) => setBillingContact(em, installation.platform.tenantKeys, tenantId, contact, theSystem));
    assert.equal(await stateOf(runId, 'billing_contact'), 'done');
    const [{ sealed }] = (await sql<{ sealed: Buffer }>('select sealed from tenant_contacts where tenant_id = $1', [
      tenantId,
    ])) as [{ sealed: Buffer }];
    assert.ok(!sealed.includes('berta'));
    await assert.rejects(
      write((em) => skipItem(em, { tenantId, item: 'second_factor', reason: 'no', by: 'tenant' }, theSystem)),
      { code: 'item_not_skippable' },
    );
    for (const item of onboardingItems.filter((one) => one !== 'billing_contact'))
      await write((em) => skipItem(em, { tenantId, item, reason: `no ${item}`, by: 'platform' }, theSystem));
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded');
    assert.equal(run.steps.find(({ state }) => state === 'skipped')?.reason, 'no admin_accepted');
    await assert.rejects(
      write((em) => skipItem(em, { tenantId, item: 'mail_domain', reason: 'late', by: 'platform' }, theSystem)),
      { code: 'onboarding_over' },
    );
  });

  it('tells after ten days without any worker what is still due, each rung once and in order', async () => {
    await startWorker();
    const down = await onboarded('All down');
    const gone = await onboarded('Done meanwhile');
    await worker!.stop();
    // Ten days ago is where they began instead of ten days from now.
    await sql(`update onboardings set began_ms = began_ms - $1::bigint, changed_at = now() where run_id = any($2)`, [
      10 * dayMs,
      [down.runId, gone.runId],
    ]);
    for (const item of onboardingItems) await write((em) => noteOnboarding(em, gone.tenantId, item, theSystem));
    await startWorker();
    const sent = await installation.until('both rungs', 30_000, async () => {
      const found = await sql<{ rung: number }>(
        `select r.rung from onboarding_reminders r join mails m on m.id = r.mail_id
         where r.run_id = $1 and m.state = 'sent' order by m.sent_at`,
        [down.runId],
      );
      return found.length >= 2 ? found : null;
    });
    assert.deepEqual(
      sent.map(({ rung }) => rung),
      [0, 1],
    );
    assert.equal((await installation.runIsOver(gone.runId)).state, 'succeeded');
    assert.deepEqual(await sql('select 1 from onboarding_reminders where run_id = $1', [gone.runId]), []);
  });

  it('is cancelled on request, twice, and goes on in another run when its workflow was terminated', async () => {
    await startWorker();
    const { runId } = await onboarded('Cancelled');
    await installation.cancelRun(runId);
    await installation.cancelRun(runId).catch(() => undefined);
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'cancelled');
    assert.ok(run.steps.every(({ state }) => state === 'skipped'));

    const ended = await onboarded('Terminated');
    await write((em) => noteOnboarding(em, ended.tenantId, 'billing_contact', theSystem));
    const { temporal } = await installation.run(ended.runId);
    await installation.temporal.client.workflow.getHandle(temporal.workflowId).terminate('the test');
    await sql(`update runs set workflow_started_at = now() - interval '1 hour' where id = $1`, [ended.runId]);
    await installation.runIs('needs_attention', ended.runId);
    const next = await begun(ended.tenantId);
    assert.notEqual(next, ended.runId);
    assert.equal(await stateOf(next, 'billing_contact'), 'done');
    await installation.until('its step', 20_000, async () =>
      (await installation.run(next)).steps.some(({ title, state }) => /billing/.test(title) && state === 'done'),
    );
  });

  it('is forgotten with the tenant: its domain, its contacts, and what was written about its items', async () => {
    await startWorker();
    const { tenantId, runId } = await onboarded('To be forgotten');
    const contact = { name: 'Berta', email: 'berta@billing.example' };
    await write((em) => setBillingContact(em, installation.platform.tenantKeys, tenantId, contact, theSystem));
    await write((em) => chooseMailDomain(em, tenantId, 'forgotten.example', theSystem));
    await write((em) =>
      skipItem(em, { tenantId, item: 'sample_data', reason: 'Ask Berta.', by: 'platform' }, theSystem),
    );
    const removal = await installation.removeTenant(tenantId, 'to-be-forgotten');
    assert.equal((await installation.runIsOver(removal.runId)).state, 'succeeded');
    assert.equal((await installation.runIsOver(runId)).state, 'cancelled');
    for (const table of ['tenant_mail_domains', 'tenant_contacts', 'tenant_samples'])
      assert.deepEqual(await sql(`select 1 from ${table} where tenant_id = $1`, [tenantId]), [], table);
    assert.deepEqual(await sql('select 1 from onboarding_items where run_id = $1 and reason is not null', [runId]), []);
  });
});
