import assert from 'node:assert/strict';
import { startApi } from '#api/server.ts';
import { createLogger } from '#observability/logging.ts';
import type { PortalSession } from '#contracts/portal/session.ts';
import { addInvited } from '#domain/people/invitations.ts';
import { makeLink } from '#domain/people/links.ts';
import { findTenantRealm } from '#domain/people/realm.ts';
import { theSystem } from '#domain/events/appendEvent.ts';
import { answerPasswordReset } from '#domain/people/passwordResets.ts';
import { assertInTime } from '#test/run/patience.ts';
import { ask, owner, type Answer } from '../apiInstallation.ts';
import { cookiesOf, type TestAccount } from '../signIn/testAccount.ts';
import { codeOf, portalWorld, type PortalTenant, type PortalWorld } from './portalWorld.ts';

describe('signing in at a portal', () => {
  let world: PortalWorld;
  before(async () => (world = await portalWorld()));
  after(() => world.stop());

  const sessionOf = async (tenant: PortalTenant, cookie: string | null) =>
    (await world.at<PortalSession>(tenant, 'GET', '/session', { cookie })).body.session;
  const invitedTo = async (tenant: PortalTenant, email: string) => {
    const { em, platform } = world.api.installation;
    const realm = (await findTenantRealm(em, platform, tenant.tenantId))!;
    return em.transactional(async (tx) => {
      const userId = await addInvited(tx, realm, { email, portalRole: 'member' }, theSystem);
      return { userId, ...(await makeLink(tx, { purpose: 'invitation', userId, createdBy: null })) };
    });
  };
  const password = 'a sentence that nobody guesses';

  it('is one of its own: with the address of an owner of the platform, and at several tenants, each is somebody else', async () => {
    const here = await world.join(world.ours, 'viewer', owner.email);
    const there = await world.join(world.theirs, 'tenant-admin', owner.email);
    const roleAt = async (tenant: PortalTenant, { cookie }: TestAccount) => {
      const session = await sessionOf(tenant, cookie);
      return session?.kind === 'member' ? session.user.role : null;
    };
    assert.equal(await roleAt(world.ours, here), 'viewer');
    assert.equal(await roleAt(world.theirs, there), 'tenant-admin');
    const right = { body: { email: owner.email, password: here.password } };
    assert.equal(codeOf(await ask(world.api.url, 'POST', '/api/v1/session', right)), 'bad_credentials');
    assert.equal(codeOf(await world.at(world.ours, 'POST', '/session', { body: owner })), 'bad_credentials');
    const people = await world.api.ask('GET', '/api/v1/people');
    assert.equal((people.body['items'] as { email: string }[]).filter(({ email }) => email === owner.email).length, 1);
    for (const { userId } of [here, there])
      assert.equal((await world.api.ask('GET', `/api/v1/people/${userId}`)).status, 404);
  });

  it('gives a cookie of this portal alone, that no script reads and no other site sends', async () => {
    const { email, password: own } = world.ours.people.member;
    const answer = await world.at<PortalSession>(world.ours, 'POST', '/session', { body: { email, password: own } });
    assert.equal(answer.status, 201);
    const [cookie] = answer.headers['set-cookie']!;
    assert.match(cookie!, /^tenantry-portal-[0-9a-hjkmnp-tv-z]{26}=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Lax$/);
    assert.ok(!cookie!.includes(world.ours.slug) && cookie!.startsWith(world.place(world.ours).cookie));
    const https = await startApi(
      { ...world.api.installation.configuration, publicUrl: 'https://tenants.example.com', trustedProxies: 1 },
      { logger: createLogger('test', { level: 'silent' }) },
    );
    try {
      const secure = await ask(https.url, 'POST', `/api/v1/portals/${world.ours.slug}/session`, {
        body: { email, password: own },
        headers: { 'x-forwarded-proto': 'https' },
      });
      assert.match(
        secure.headers['set-cookie']![0]!,
        /^__Host-tenantry-portal-\w{26}=[\w-]{43}; Path=\/; .*HttpOnly; Secure/,
      );
    } finally {
      await https.stop();
    }
  });

  it('takes no session that was brought along, and gives a new one each time (fixation)', async () => {
    const planted = 'A'.repeat(43);
    const { email, password: own } = world.ours.people.viewer;
    const name = world.place(world.ours).cookie;
    const first = await world.at(world.ours, 'POST', '/session', {
      body: { email, password: own },
      cookie: `${name}=${planted}`,
    });
    const mine = cookiesOf(first as Answer<never>)
      .split('; ')
      .find((pair) => pair.startsWith(`${name}=`))!;
    assert.ok(!mine.includes(planted));
    assert.equal(await sessionOf(world.ours, `${name}=${planted}`), null);
    const second = await world.at(world.ours, 'POST', '/session', { body: { email, password: own }, cookie: mine });
    assert.ok(!cookiesOf(second as Answer<never>).includes(mine.split('=')[1]!));
    assert.equal(await sessionOf(world.ours, mine), null, 'the earlier one of this browser ended');
  });

  it('and whatever else changes something is refused from other sites (CSRF)', async () => {
    const { cookie, email, password: own } = await world.join(world.ours);
    const foreign = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ];
    for (const headers of foreign as Record<string, string>[]) {
      for (const [method, path, body] of [
        ['POST', '/session', { email, password: own }],
        ['DELETE', '/session', undefined],
        ['PATCH', '/account', { name: 'Mallory' }],
        ['POST', '/members', { email: 'mallory@evil.example', role: 'tenant-admin' }],
      ] as const)
        assert.equal(
          codeOf(await world.at(world.ours, method, path, { cookie, headers, ...(body ? { body } : {}) })),
          'cross_origin',
          `${method} ${path}`,
        );
    }
    assert.equal((await sessionOf(world.ours, cookie))?.kind, 'member');
  });

  it('asks for the second factor, and takes one of thirty parallel uses of one code, over two processes', async () => {
    const account = await world.join(world.ours);
    await account.addTotp();
    const second = await startApi(world.api.installation.configuration, {
      logger: createLogger('test', { level: 'silent' }),
    });
    try {
      const steps: Awaited<ReturnType<typeof account.enterPassword>>[] = [];
      while (steps.length < 30) steps.push(await account.enterPassword()); // ten at once are held up as guesses
      assert.ok(steps.every(({ answer }) => answer.status === 202 && answer.body['next'] === 'second_factor'));
      assert.equal(await sessionOf(world.ours, steps[0]!.cookie), null, 'nobody is signed in before');
      const code = await account.code();
      const answers = await Promise.all(
        steps.map(({ cookie }, at) =>
          ask(at % 2 ? second.url : world.api.url, 'POST', `${account.place.prefix}/session/second-factor`, {
            body: { code },
            cookie,
          }),
        ),
      );
      assert.equal(answers.filter(({ status }) => status === 201).length, 1);
      const one = answers.find(({ status }) => status === 201)!;
      assert.equal((await sessionOf(world.ours, cookiesOf(one)))?.kind, 'member');
    } finally {
      await second.stop();
    }
  });

  it('is finished where it was begun: a step of one portal is none at another, nor on the platform', async () => {
    const account = await world.join(world.ours);
    await account.addTotp();
    const { cookie } = await account.enterPassword();
    const [ours, theirs] = [world.place(world.ours).cookie, world.place(world.theirs).cookie];
    const code = await account.code();
    const elsewhere = await world.at(world.theirs, 'POST', '/session/second-factor', {
      body: { code },
      cookie: cookie.replaceAll(ours, theirs),
    });
    assert.equal(codeOf(elsewhere), 'sign_in_expired');
    const platform = await ask(world.api.url, 'POST', '/api/v1/session/second-factor', {
      body: { code },
      cookie: cookie.replaceAll(ours, 'tenantry'),
    });
    assert.equal(codeOf(platform), 'sign_in_expired');
    assert.equal(
      (await world.at(world.ours, 'POST', '/session/second-factor', { body: { code }, cookie })).status,
      201,
    );
  });

  it('works by a passkey alone, of this portal and of no other', async () => {
    const account = await world.join(world.ours);
    await account.addPasskey();
    const offered = async (prefix: string) => {
      const options = await ask(world.api.url, 'POST', `${prefix}/session/passkey/options`);
      const passkey = account.authenticator.get(options.body as never);
      return ask(world.api.url, 'POST', `${prefix}/session/passkey`, { body: { passkey }, cookie: cookiesOf(options) });
    };
    assert.equal((await offered(account.place.prefix)).status, 201);
    for (const prefix of [world.place(world.theirs).prefix, '/api/v1'])
      assert.equal(codeOf(await offered(prefix)), 'passkey_refused', prefix);
  });

  it('links are good once, in time, and at their own portal only', async () => {
    const { token, userId } = await invitedTo(world.ours, 'linked@customer.example');
    const accept = (tenant: PortalTenant, of = token) =>
      world.at(tenant, 'POST', '/links/invitation', { body: { token: of, password } });
    assert.equal(codeOf(await accept(world.theirs)), 'link_invalid');
    const platform = { body: { token, password } };
    assert.equal(codeOf(await ask(world.api.url, 'POST', '/api/v1/links/invitation', platform)), 'link_invalid');
    assert.equal(codeOf(await ask(world.api.url, 'POST', '/api/v1/links/check', { body: { token } })), 'link_invalid');
    const both = await Promise.all([accept(world.ours), accept(world.ours), accept(world.ours)]);
    assert.equal(both.filter(({ status }) => status === 201).length, 1, 'of three at once, one');
    assert.equal(codeOf(await accept(world.ours)), 'link_invalid', 'used already');
    const late = await invitedTo(world.ours, 'late@customer.example');
    await world.asAdmin(`update one_time_links set expires_at = now() - interval '1 second' where user_id = $1`, [
      late.userId,
    ]);
    assert.equal(codeOf(await accept(world.ours, late.token)), 'link_invalid', 'too late');
    const platformLink = await world.api.installation.em.transactional(async (tx) => {
      const [someone] = await world.asAdmin<{ id: string }>(`select id from users where email = $1`, [owner.email]);
      return makeLink(tx, { purpose: 'password_reset', userId: someone!.id, createdBy: null });
    });
    const reset = { body: { token: platformLink.token, password } };
    assert.equal(codeOf(await world.at(world.ours, 'POST', '/links/password-reset', reset)), 'link_invalid');
    const [kept] = await world.asAdmin<{ n: number }>('select count(*)::int as n from sessions where user_id = $1', [
      userId,
    ]);
    assert.equal(kept!.n, 1);
  });

  it('forgotten, a password is chosen anew by a mail that leads to this portal', async () => {
    const email = 'forgetful@customer.example';
    const account = await world.join(world.ours, 'member', email);
    for (const tenant of [world.ours, world.theirs])
      assert.equal(
        (await world.at(tenant, 'POST', '/password-resets', { body: { email: ' Forgetful@customer.example' } })).status,
        202,
      );
    const asked = await world.mailsTo(email);
    assert.deepEqual(
      asked.map(({ tenantId }) => tenantId).toSorted(),
      [world.ours.tenantId, world.theirs.tenantId].toSorted(),
    );
    const { em, platform } = world.api.installation;
    for (const { tenantId } of asked) {
      const realm = await findTenantRealm(em, platform, tenantId!);
      await em.fork().transactional((tx) => answerPasswordReset(tx, realm!, email));
    }
    const sent = await world.mailsTo(email);
    const link = sent
      .map(({ text }) => /\S+\/portal\/ours\/reset-password#([\w-]+)/.exec(text))
      .find((found) => found !== null);
    assert.ok(link, JSON.stringify(sent));
    assert.ok(!sent.some(({ text }) => text.includes('/portal/theirs/')), 'nobody has this address there');
    const chosen = { token: link[1]!, password: 'another sentence of mine' };
    assert.equal((await world.at(world.ours, 'POST', '/links/password-reset', { body: chosen })).status, 204);
    assert.equal(await sessionOf(world.ours, account.cookie), null, 'all sessions ended');
    assert.equal(
      (await world.at(world.ours, 'POST', '/session', { body: { email, password: chosen.password } })).status,
      201,
    );
  });

  it('counts guesses apart: who is guessed at here is not held up elsewhere', async () => {
    const email = 'guessed@customer.example';
    const here = await world.join(world.ours, 'member', email);
    const there = await world.join(world.theirs, 'member', email);
    for (let n = 0; n < 10; n++)
      assert.equal(
        codeOf(await world.at(world.ours, 'POST', '/session', { body: { email, password: 'wrong' } })),
        'bad_credentials',
      );
    const right = (account: TestAccount) => ({ body: { email, password: account.password } });
    assert.equal(codeOf(await world.at(world.ours, 'POST', '/session', right(here))), 'too_many_attempts');
    assert.equal((await world.at(world.theirs, 'POST', '/session', right(there))).status, 201);
  });

  it('keeps addresses and names sealed, in the chain of the tenant, and its people out of the platform events', async () => {
    const email = 'sealed.person@customer.example';
    const account = await world.join(world.ours, 'member', email);
    await account.ask('PATCH', `${account.place.prefix}/account`, { body: { name: 'Sealed Name' } });
    const read = await account.ask('GET', `${account.place.prefix}/account`);
    assert.partialDeepStrictEqual(read.body, { email, name: 'Sealed Name' });
    const tables = ['users', 'events', 'mails', 'one_time_links', 'sessions', 'sign_in_limits', 'totp_secrets'];
    for (const table of tables) {
      const [{ text } = { text: '' }] = await world.asAdmin<{ text: string }>(
        `select coalesce(json_agg(t)::text, '') as text from ${table} t`,
      );
      for (const secret of [email, 'Sealed Name', Buffer.from(email).toString('hex')])
        assert.ok(!text.includes(secret), `${secret} lies open in ${table}`);
    }
    const events = await world.asAdmin<{ type: string; tenant_id: string; actor_kind: string; sealed: boolean }>(
      `select type, tenant_id, actor_kind, origin_key is not null as sealed from events where actor_id = $1`,
      [account.userId],
    );
    assert.ok(events.length >= 3);
    for (const event of events)
      assert.deepEqual(
        [event.tenant_id, event.actor_kind, event.sealed],
        [world.ours.tenantId, 'member', true],
        event.type,
      );
    assert.ok(!world.api.logLines.join('').includes(email), 'nor in a log');
  });

  it('ends everywhere within a second when the tenant closes its doors, and is good again when they open', async () => {
    const tenant = await world.openTenant('closing');
    const logger = createLogger('test', { level: 'silent' });
    const second = await startApi(world.api.installation.configuration, { logger });
    const { cookie } = tenant.people.member;
    const told = async () => (await ask(second.url, 'GET', `/api/v1/portals/closing/account`, { cookie })).status;
    try {
      assert.equal(await told(), 200);
      await world.asAdmin(`update tenants set state = 'suspended' where id = $1`, [tenant.tenantId]);
      await world.asAdmin(`update access_epoch set epoch = epoch + 1`); // announced by nobody
      for (const begun = Date.now(); (await told()) !== 403;)
        assertInTime(Date.now() - begun, 1_500, 'it is still open');
      await world.asAdmin(`update tenants set state = 'active' where id = $1`, [tenant.tenantId]);
      assert.equal(await told(), 200);
    } finally {
      await second.stop();
    }
  });
}).timeout(60_000);
