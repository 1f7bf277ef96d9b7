import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { People, Person, PersonInvited } from '#contracts/identity/people.ts';
import type { Problem } from '#contracts/problems.ts';
import { takeDueMails } from '#domain/mails/outbox.ts';
import { ApiInstallation, ask, owner, type Answer } from '../apiInstallation.ts';
import { TestAccount } from './testAccount.ts';

const session = '/api/v1/session';
const code = (answer: Answer<unknown>): string => (answer.body as Problem).code;
const everywhere = { kind: 'platform' } as const;

describe('people', () => {
  let api: ApiInstallation;
  before(async () => {
    api = await ApiInstallation.start();
  });
  after(() => api.stop());

  const invite = async (by: { ask: ApiInstallation['ask'] }, body: object) =>
    by.ask<PersonInvited>('POST', '/api/v1/people', { body });
  const accept = (link: string | null, password = 'a sentence of my own') =>
    ask(api.url, 'POST', '/api/v1/links/invitation', { body: { token: link?.split('#')[1] ?? '', password } });
  const newEmail = () => `${randomUUID()}@example.org`;

  it('are invited with roles, and have them once they accepted; the link works once', async () => {
    const email = newEmail();
    const invited = await invite(api, { email, name: 'Ada', roles: [{ role: 'auditor', scope: everywhere }] });
    assert.equal(invited.status, 201);
    const { person, link } = invited.body;
    assert.equal(person.state, 'invited');
    assert.equal(person.invitation?.invitedBy, owner.email);
    const early = await ask(api.url, 'POST', session, { body: { email, password: 'none' } });
    assert.equal(code(early), 'bad_credentials', 'who has not accepted cannot sign in');
    const uses = await Promise.all([accept(link), accept(link), accept(link)]);
    const statuses = uses.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 403, 403]);
    const joined = uses.find(({ status }) => status === 201)!;
    assert.equal((joined.body['user'] as { role: string }).role, 'auditor');
    const { body } = await api.ask<Person>('GET', `/api/v1/people/${person.id}`);
    assert.equal(body.state, 'active');
    assert.equal(code(await accept(link)), 'link_invalid');
  });

  it('are not invited twice, and by nobody to more than they may themselves', async () => {
    const email = newEmail();
    assert.equal((await invite(api, { email })).status, 201);
    assert.equal(code(await invite(api, { email: email.toUpperCase() })), 'email_taken');
    const admin = await TestAccount.join(api, [{ role: 'admin', scope: everywhere }]);
    const refused = await invite(admin as never, { email: newEmail(), roles: [{ role: 'owner', scope: everywhere }] });
    assert.equal(code(refused), 'role_exceeds_yours');
    assert.equal((await invite(admin as never, { email: newEmail() })).status, 201);
  });

  it('who were invited get a new link, and the earlier one ends; or the invitation is withdrawn', async () => {
    const { person, link } = (await invite(api, { email: newEmail() })).body;
    const again = await api.ask<{ link: string }>('POST', `/api/v1/people/${person.id}/invitation`);
    assert.equal(code(await accept(link)), 'link_invalid');
    assert.equal((await accept(again.body.link)).status, 201);
    assert.equal(code(await api.ask('DELETE', `/api/v1/people/${person.id}/invitation`)), 'person_not_invited');
    const other = (await invite(api, { email: newEmail() })).body;
    assert.equal((await api.ask('DELETE', `/api/v1/people/${other.person.id}/invitation`)).status, 204);
    assert.equal(code(await accept(other.link)), 'link_invalid');
    assert.equal((await api.ask('GET', `/api/v1/people/${other.person.id}`)).status, 404);
  });

  it('whose link expired, or whose password is weak, do not get in', async () => {
    const { person, link } = (await invite(api, { email: 'grace.hopper@navy.example', name: 'Grace Hopper' })).body;
    for (const password of ['password1', 'hopper.grace', 'TENANTRY2026']) {
      const weak = await accept(link, password);
      assert.equal(code(weak), 'password_weak', password);
      assert.equal((weak.body as unknown as Problem).fields?.[0]?.path, 'password');
    }
    await api.installation.asAdmin(null, 'update one_time_links set expires_at = now() where user_id = $1', [
      person.id,
    ]);
    assert.equal(code(await accept(link)), 'link_invalid');
  });

  it('who are disabled are out at once, and come back when they are enabled', async () => {
    const account = await TestAccount.join(api, [{ role: 'auditor', scope: everywhere }]);
    assert.equal((await account.ask('GET', '/api/v1/tenants')).status, 200);
    assert.equal((await api.ask('POST', `/api/v1/people/${account.userId}/disable`)).status, 200);
    assert.equal((await account.ask('GET', session)).status, 401);
    assert.equal((await account.enterPassword()).answer.status, 401);
    await api.ask('POST', `/api/v1/people/${account.userId}/enable`);
    assert.equal((await account.enterPassword()).answer.status, 201);
    const { body } = await account.ask('GET', session);
    assert.equal(body['code'], 'unauthenticated', 'what ended stays ended');
  });

  it('do neither this to themselves nor to who may do more, and an owner always stays', async () => {
    const { body } = await api.ask<People>('GET', `/api/v1/people?search=${owner.email}`);
    const self = body.items[0]!.id;
    assert.equal(code(await api.ask('POST', `/api/v1/people/${self}/disable`)), 'person_oneself');
    const admin = await TestAccount.join(api, [{ role: 'admin', scope: everywhere }]);
    for (const act of ['disable', 'reset-factors', 'password-reset'])
      assert.equal(code(await admin.ask('POST', `/api/v1/people/${self}/${act}`)), 'role_exceeds_yours', act);
    const second = await TestAccount.join(api, [{ role: 'owner', scope: everywhere }]);
    assert.equal((await second.ask('POST', `/api/v1/people/${self}/disable`)).status, 200);
    await second.ask('POST', `/api/v1/people/${self}/enable`);
    api.cookie = await api.signIn();
  });

  it('who may do more are theirs alone while they are disabled, too', async () => {
    const admin = await TestAccount.join(api, [{ role: 'admin', scope: everywhere }]);
    const other = await TestAccount.join(api, [{ role: 'owner', scope: everywhere }]);
    await other.addTotp();
    assert.equal((await api.ask('POST', `/api/v1/people/${other.userId}/disable`)).status, 200);
    for (const act of ['reset-factors', 'enable'])
      assert.equal(code(await admin.ask('POST', `/api/v1/people/${other.userId}/${act}`)), 'role_exceeds_yours', act);
    assert.equal((await api.ask('POST', `/api/v1/people/${other.userId}/enable`)).status, 200);
  });

  it('who lost their factors get them taken away by an admin, and sign in by password alone', async () => {
    const account = await TestAccount.join(api);
    await account.addTotp();
    await account.addPasskey();
    assert.equal((await account.enterPassword()).answer.status, 202);
    assert.equal((await api.ask('POST', `/api/v1/people/${account.userId}/reset-factors`)).status, 200);
    assert.equal((await account.ask('GET', session)).status, 401);
    assert.equal((await account.enterPassword()).answer.status, 201);
  });

  it('are found by name and address, page by page', async () => {
    const mark = randomUUID().slice(0, 8);
    for (let n = 0; n < 5; n++) await invite(api, { email: `${mark}-${n}@example.org`, name: `Per_${mark} ${n}` });
    const found: string[] = [];
    let cursor = '';
    do {
      const page = `/api/v1/people?limit=2&state=invited&search=per_${mark}${cursor && `&cursor=${cursor}`}`;
      const { body } = await api.ask<People>('GET', page);
      found.push(...body.items.map(({ email }) => email));
      cursor = body.nextCursor ?? '';
    } while (cursor);
    assert.deepEqual(
      found,
      [0, 1, 2, 3, 4].map((n) => `${mark}-${n}@example.org`),
    );
    const none = await api.ask<People>('GET', '/api/v1/people?search=%25');
    assert.deepEqual(none.body.items, [], 'signs of SQL are letters');
  });

  it('are written to by another worker when the one that took the mail died', async () => {
    const { em, platform } = api.installation;
    const { keyring } = platform.installation;
    const email = newEmail();
    await invite(api, { email });
    const take = async () => (await takeDueMails(em.fork(), keyring, 1_000)).find(({ to }) => to === email);
    const taken = await take();
    assert.equal(taken?.attempts, 1);
    assert.equal(await take(), undefined, 'nobody else has it meanwhile');
    await api.installation.asAdmin(null, `update mails set next_attempt_at = next_attempt_at - interval '61 seconds'`);
    const again = await take();
    assert.deepEqual([again?.id, again?.text], [taken!.id, taken!.text], 'under the same id, in the same words');
    await api.installation.asAdmin(
      null,
      `update mails set next_attempt_at = now(), attempts = 0 where state = 'waiting'`,
    );
  });

  it('are told by mail of invitations and of changes to their sign-in; what was sent is not kept', async () => {
    await api.installation.startWorker();
    const { installation } = api;
    const folder = installation.configuration.outboxDir;
    const email = newEmail();
    const { body } = await invite(api, { email, name: 'Mail' });
    const mail = await installation.until('the mail', 10_000, async () => {
      const names = await readdir(folder).catch(() => []);
      const mails = await Promise.all(
        names.filter((name) => name.endsWith('.eml')).map((name) => readFile(`${folder}/${name}`, 'utf8')),
      );
      return mails.find((text) => text.includes(email));
    });
    const text = mail.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    assert.ok(text.includes(body.link!), 'the link of the answer and of the mail is one');
    await installation.until('what was sent to be forgotten', 5_000, async () => {
      const [left] = await installation.asAdmin<{ n: number }>(
        null,
        'select count(*)::int as n from mails where sealed is not null',
      );
      return left!.n === 0;
    });
    const [events] = await installation.asAdmin<{ text: string }>(
      null,
      `select string_agg(data::text, ' ') as text from events where stream like 'user:%' or stream like 'platform:sign%'`,
    );
    assert.ok(!events!.text.includes('@'), 'events hold no addresses');
  });
}).timeout(60_000);
