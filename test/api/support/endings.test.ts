import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi, type RunningApi } from '#api/server.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { moveTenant } from '#domain/tenants/moveTenant.ts';
import { createLogger } from '#observability/logging.ts';
import { assertInTime } from '#test/run/patience.ts';
import type { TestPerson } from '../personWith.ts';
import { admin, refused, supportedTenant, type SupportedTenant } from './supportedTenant.ts';

describe('acting for a tenant', () => {
  let world: SupportedTenant;
  /** Another process of the same installation, as far as memory is concerned. */
  let second: RunningApi;
  before(async () => {
    world = await supportedTenant();
    second = await startApi(world.api.installation.configuration, { logger: createLogger('test', { level: 'fatal' }) });
  });
  after(async () => {
    await second?.stop();
    await world?.api.stop();
  });

  async function letIn(person: TestPerson): Promise<{ id: string; token: string }> {
    const asked = await world.ask(person);
    await world.answer(asked.token, 'allow');
    await world.enter(person, asked.id);
    for (let waited = 0; !(await world.session(person, second.url)).support; waited += 50) {
      assertInTime(waited, 2_000, 'the second process knows');
      await sleep(50);
    }
    return asked;
  }
  /** On both processes, a second after `act` at the latest. */
  async function endsWithin(person: TestPerson, act: () => Promise<unknown>): Promise<void> {
    await act();
    const done = performance.now();
    for (const url of [world.api.url, second.url])
      while ((await world.session(person, url)).support) {
        assertInTime(performance.now() - done, 1_000, `${url} still lets them act`);
        await sleep(20);
      }
  }

  it('ends by its time, to the second, without anybody noticing first', async () => {
    const person = await world.supporter();
    const { id } = await letIn(person);
    await world.asAdmin(`update support_accesses set ends_at = now() + interval '1 second' where id = $1`, [id]);
    await world.enter(person, id);
    assert.ok((await world.session(person)).support);
    await sleep(1_050);
    for (const url of [world.api.url, second.url]) assert.equal((await world.session(person, url)).support, null);
    refused(await world.enter(person, id), 409, 'support_over');
  });

  it("ends by the tenant's word on every process within a second", async () => {
    const person = await world.supporter();
    const { id, token } = await letIn(person);
    await endsWithin(person, () => world.answer(token, 'revoke', second.url));
    const [ended] = (await world.eventsOf(id)).slice(-1);
    assert.partialDeepStrictEqual(ended, {
      type: 'support.ended',
      on_behalf_of: `tenant:${world.tenantId}/administrator`,
    });
  });

  it("ends by leaving, by somebody else's end, and by the loss of the role, within a second", async () => {
    const [one, two, three] = [await world.supporter(), await world.supporter(), await world.supporter()];
    const left = await letIn(one);
    await endsWithin(one, () => world.leave(one, left.id));
    const { id } = await letIn(two);
    await endsWithin(two, () => world.api.ask('POST', `/api/v1/support-accesses/${id}/end`, { body: {} }));
    await letIn(three);
    const { body } = await world.api.ask<{ items: { id: string }[] }>(
      'GET',
      `/api/v1/role-assignments?userId=${three.userId}`,
    );
    await endsWithin(three, () => world.api.ask('DELETE', `/api/v1/role-assignments/${body.items[0]!.id}`));
  });

  it('ends when the doors of the tenant close', async () => {
    const person = await world.supporter();
    const { id } = await letIn(person);
    const { em } = world.api.installation;
    const move = (to: 'suspended' | 'active') =>
      em.transactional((tx) => moveTenant(tx, world.tenantId, { to, attention: false }, theSystem));
    await endsWithin(person, () => move('suspended'));
    refused(await world.enter(person, id), 409, 'support_over');
    await move('active');
  });

  it("is not another person's to enter, and not for two tenants in one session", async () => {
    const [one, two] = [await world.supporter(), await world.supporter()];
    const { id } = await letIn(one);
    refused(await world.enter(two, id), 404, 'not_found');
    refused(await world.leave(two, id), 404, 'not_found');
  });

  it('without consent needs a reason of twenty characters, is short, raises a task and tells the tenant', async () => {
    const person = await world.supporter('support', 'glass@platform.example');
    refused(await world.breakGlass(person, { reason: 'Too short a reason' }), 400, 'invalid_request');
    refused(await world.breakGlass(person, { minutes: 61 }), 400, 'support_too_long');
    const broken = await world.breakGlass(person);
    assert.equal(broken.status, 201, broken.text);
    assert.partialDeepStrictEqual(broken.body, { kind: 'break_glass', state: 'running' });
    const mail = await world.mail();
    assert.equal(mail.to, admin.email);
    assert.match(mail.text, /glass@platform\.example[\s\S]*They cannot see their invoices/);
    const { body } = await world.api.ask<{ items: object[] }>('GET', '/api/v1/tasks?kind=support_access&state=open');
    assert.partialDeepStrictEqual(body.items[0], { subjectId: broken.body.id, may: { close: true } });
    await world.enter(person, broken.body.id);
    const token = /#([\w-]+)/.exec(mail.text)![1]!;
    await endsWithin(person, () => world.answer(token, 'revoke'));
  });

  it('without consent asks again who is there, and others for approval where the policy says so', async () => {
    const person = await world.supporter();
    await world.asAdmin(`update sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`, [
      person.userId,
    ]);
    refused(await world.breakGlass(person), 403, 'step_up_required');
    const fresh = await world.supporter();
    await world.asAdmin(`insert into approval_policies (act, required, lives_hours) values ('break_glass', 1, 24)`);
    refused(await world.breakGlass(fresh), 403, 'approval_required');
    await world.asAdmin(`delete from approval_policies`);
  });
});
