import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onboardingItems } from '#contracts/onboarding/items.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { noteOnboarding } from '#domain/onboarding/noteOnboarding.ts';
import { moveTenant } from '#domain/tenants/moveTenant.ts';
import { TestInstallation } from '../../servers/installation.ts';
import { dayMs, hourMs, startTimeSkipping, type TimeSkippingServer } from '../../servers/timeSkipping.ts';

describe("the ladder of a tenant's onboarding", () => {
  let server: TimeSkippingServer;
  let installation: TestInstallation;
  before(async function () {
    this.timeout(180_000);
    server = await startTimeSkipping();
    installation = await TestInstallation.start({}, server.servers);
  });
  after(async () => {
    await installation.stop();
    await server.stop();
  });

  const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    installation.asAdmin<Row & Record<string, unknown>>(null, text, values);

  /** A tenant whose admin was invited, and whose onboarding has begun. */
  async function onboarded(name: string): Promise<{ tenantId: string; runId: string; email: string }> {
    const email = `${name.toLowerCase().replaceAll(' ', '-')}@ladder.example`;
    const { tenantId } = await installation.provision({ name, admin: { email } });
    const runId = await installation.until('the onboarding to begin', 30_000, async () => {
      const [found] = await sql<{ run_id: string }>(
        `select run_id from onboardings where tenant_id = $1 and began_ms is not null`,
        [tenantId],
      );
      return found?.run_id;
    });
    return { tenantId, runId, email };
  }

  /** The subjects of what was sent to somebody, in the order in which it was sent. */
  async function mailsTo(email: string): Promise<{ sent: number; subjects: string[] }> {
    const folder = installation.configuration.outboxDir;
    const written = (await readdir(folder)).filter((file) => file.endsWith('.eml')); // others are being written
    const all = await Promise.all(written.map((file) => readFile(join(folder, file), 'utf8')));
    const theirs = all.filter((text) => text.includes(email) && /left/.test(/^Subject: (.*)$/m.exec(text)?.[1] ?? ''));
    return { sent: theirs.length, subjects: theirs.map((text) => /^Subject: (.*)$/m.exec(text)![1]!) };
  }

  const rungsOf = async (runId: string): Promise<number[]> =>
    (
      await sql<{ rung: number }>('select rung from onboarding_reminders where run_id = $1 order by at_ms, rung', [
        runId,
      ])
    ).map(({ rung }) => rung);
  const overdue = (tenantId: string) =>
    sql<{ state: string }>(`select state from tasks where tenant_id = $1 and kind = 'onboarding_overdue'`, [tenantId]);
  const eventsOf = async (runId: string): Promise<string[]> =>
    (
      await sql<{ type: string }>('select type from events where stream = $1 order by version', [`onboarding:${runId}`])
    ).map(({ type }) => type);
  const settled = (mails: number, email: string) =>
    installation.until(`${mails} reminders to be sent`, 30_000, async () => (await mailsTo(email)).sent >= mails);

  /** Lets a day pass after the other, as they would. */
  async function days(count: number): Promise<void> {
    for (let day = 0; day < count; day++) {
      await server.skip(dayMs);
      await installation.until('the workflow to have looked', 10_000, async () => true);
    }
  }

  it('reminds on its four days of sixty, escalates once, and says nothing after that', async function () {
    this.timeout(120_000);
    const worker = await installation.startWorker();
    const { tenantId, runId, email } = await onboarded('Sixty days');
    await days(2);
    assert.deepEqual(await rungsOf(runId), []);
    await days(1);
    await server.skip(hourMs);
    await installation.until('the first rung', 10_000, async () => (await rungsOf(runId)).length === 1);
    await settled(1, email);
    await days(57);
    await installation.until('all rungs', 10_000, async () => (await rungsOf(runId)).length === 4);
    assert.deepEqual(await rungsOf(runId), [0, 1, 2, 3]);
    await settled(4, email);
    assert.equal((await mailsTo(email)).sent, 4);
    assert.deepEqual(
      (await overdue(tenantId)).map(({ state }) => state),
      ['open'],
    );
    const events = await eventsOf(runId);
    assert.deepEqual(events, [
      'onboarding.started',
      'onboarding.reminded',
      'onboarding.reminded',
      'onboarding.reminded',
      'onboarding.reminded',
      'onboarding.escalated',
    ]);

    for (const item of onboardingItems)
      await installation.em.transactional((em) => noteOnboarding(em, tenantId, item, theSystem));
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'succeeded');
    assert.ok(run.steps.every(({ state }) => state === 'done'));
    assert.deepEqual(
      (await overdue(tenantId)).map(({ state }) => state),
      ['done'],
    );
    assert.equal((await eventsOf(runId)).at(-1), 'onboarding.finished');
    await worker.stop();
  });

  it('stands still while the tenant is suspended, and goes on counting where it was', async function () {
    this.timeout(120_000);
    const worker = await installation.startWorker();
    const { tenantId, runId } = await onboarded('Suspended');
    await server.skip(2 * dayMs);
    await installation.em.transactional((em) =>
      moveTenant(em, tenantId, { to: 'suspended', attention: false }, theSystem),
    );
    await installation.until('the pause', 20_000, async () => (await eventsOf(runId)).includes('onboarding.paused'));
    await days(20);
    assert.deepEqual(await rungsOf(runId), []);
    await installation.em.transactional((em) =>
      moveTenant(em, tenantId, { to: 'active', attention: false }, theSystem),
    );
    await installation.until('it to go on', 20_000, async () => (await eventsOf(runId)).includes('onboarding.resumed'));
    assert.deepEqual(await rungsOf(runId), []);
    await days(1);
    await server.skip(hourMs);
    await installation.until('the first rung', 20_000, async () => (await rungsOf(runId)).length === 1);

    await installation.em.transactional((em) =>
      moveTenant(em, tenantId, { to: 'offboarding', attention: false }, theSystem),
    );
    const run = await installation.runIsOver(runId);
    assert.equal(run.state, 'cancelled');
    await worker.stop();
  });
});
