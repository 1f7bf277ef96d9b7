import assert from 'node:assert/strict';
import type { PortalSession } from '#contracts/portal/session.ts';
import type { Consent } from '#contracts/support/supportAccess.ts';
import { closeOverdue } from '#domain/support/closeOverdue.ts';
import { admin, reason, refused, supportedTenant, type SupportedTenant } from './supportedTenant.ts';

describe('acting for a tenant by its consent', () => {
  let world: SupportedTenant;
  before(async () => (world = await supportedTenant()));
  after(() => world?.api.stop());

  it("is asked of the tenant's administrator by a link that tells who, why and how long", async () => {
    const { api, asAdmin, post, supporter } = world;
    const sam = await supporter('support', 'sam@platform.example');
    const { id, token } = await world.ask(sam);
    const [sent] = await asAdmin<{ text: string }>(
      `select (select json_agg(m)::text from mails m) || (select json_agg(s)::text from support_accesses s) ||
              (select json_agg(e)::text from events e where stream like 'support:%') as text`,
    );
    for (const secret of [token, reason, admin.email, Buffer.from(reason).toString('hex')])
      assert.ok(!sent!.text.includes(secret), `${secret} lies open`);
    assert.ok(!api.logLines.join().includes(token));
    const { body } = await post<Consent>('/support-consents/check', { body: { token } });
    assert.partialDeepStrictEqual(body, {
      tenantName: 'Åbo Akademi',
      person: { email: 'sam@platform.example' },
      kind: 'consent',
      state: 'asked',
      reason,
      minutes: 60,
      may: { answer: true, revoke: false },
    });
    refused(await world.enter(sam, id), 409, 'support_over');
  });

  it('begins with the consent, and from entering on only what the administrator would do is permitted', async () => {
    const { api, otherId, tenantId, supporter } = world;
    const ana = await supporter('admin', 'ana@platform.example');
    const { id, token } = await world.ask(ana);
    assert.equal((await world.answer(token, 'allow')).body.state, 'running');
    assert.equal((await world.session(ana)).support, null);
    assert.equal((await world.enter(ana, id)).body.isEntered, true);

    const { support, permissions, grants } = await world.session(ana);
    assert.partialDeepStrictEqual(support!, {
      supportAccessId: id,
      tenantId,
      tenantName: 'Åbo Akademi',
      slug: 'abo',
      kind: 'consent',
      actingAs: { kind: 'administrator', title: admin.name },
    });
    const left = Date.parse(support!.expiresAt) - Date.now();
    assert.ok(left > 59 * 60_000 && left <= 60 * 60_000);
    assert.deepEqual(grants[0]?.scope, { kind: 'tenant', tenantId });
    assert.ok(permissions.includes('tenants:update') && !permissions.includes('tenants:delete'));

    const by = (method: string, path: string, body?: object) =>
      api.ask(method, `/api/v1${path}`, { cookie: ana.cookie, ...(body ? { body } : {}) });
    assert.equal((await by('GET', `/tenants/${tenantId}`)).status, 200);
    assert.equal((await by('GET', `/tenants/${otherId}`)).status, 404);
    assert.equal((await by('PATCH', `/tenants/${otherId}`, { name: 'Mine' })).status, 404);
    for (const path of ['/people', '/roles', '/api-keys', '/plans', '/approval-policies'])
      assert.ok([403, 200].includes((await by('GET', path)).status), path);
    assert.equal((await by('GET', '/people')).status, 403);
    assert.equal((await by('DELETE', `/tenants/${tenantId}`, { confirm: 'abo' })).status, 403);
    assert.equal((await by('POST', '/tenants', { name: 'New' })).status, 403);
    const listed = await by('GET', '/tenants');
    assert.deepEqual(
      (listed.body['items'] as { slug: string }[]).map(({ slug }) => slug),
      ['abo'],
    );
    await world.leave(ana, id);
    assert.equal((await by('GET', `/tenants/${otherId}`)).status, 200);
  });

  it('names both identities in every event that is written meanwhile, and in none after leaving', async () => {
    const { api, tenantId, asAdmin, supporter } = world;
    const eve = await supporter('admin');
    const { id, token } = await world.ask(eve);
    await world.answer(token, 'allow');
    await world.enter(eve, id);
    const rename = (name: string) =>
      api.ask('PATCH', `/api/v1/tenants/${tenantId}`, { cookie: eve.cookie, body: { name } });
    assert.equal((await rename('Åbo Akademi i stan')).status, 200);
    await world.leave(eve, id);
    await rename('Åbo Akademi');
    const renamed = await asAdmin(
      `select support_access_id, on_behalf_of from events where stream = $1 and actor_id = $2 order by version`,
      [`tenant:${tenantId}`, eve.userId],
    );
    const both = { support_access_id: id, on_behalf_of: `tenant:${tenantId}/administrator` };
    assert.deepEqual(renamed, [both, { support_access_id: null, on_behalf_of: null }]);
    assert.deepEqual(
      (await world.eventsOf(id)).map(({ type, support_access_id: access }) => [type, access !== null]),
      [
        ['support.asked', false],
        ['support.allowed', false],
        ['support.entered', true],
        ['support.left', true],
      ],
    );
    const nowhere = await asAdmin(`select type from events where stream = $1 and origin is null`, [`support:${id}`]);
    assert.deepEqual(nowhere, [], 'each tells from where');
  });

  it("opens the tenant's portal as its administrator, and nobody else's", async () => {
    const { api, supporter } = world;
    const pia = await supporter();
    const { id, token } = await world.ask(pia);
    await world.answer(token, 'allow');
    await world.enter(pia, id);
    const at = async (slug: string, cookie: string | null = pia.cookie) =>
      (await api.ask<PortalSession>('GET', `/api/v1/portals/${slug}/session`, { cookie })).body.session;
    assert.partialDeepStrictEqual(await at('abo'), {
      supportAccessId: id,
      actingAs: { kind: 'administrator', title: admin.name },
      kind: 'support',
      access: 'consent',
    });
    assert.equal(await at('other'), null);
    assert.equal(await at('abo', null), null);
    assert.equal(await at('abo', api.cookie), null);
  });

  it('is answered once, also by twenty answers at the same time, and ended by the same link', async () => {
    const { supporter } = world;
    const tom = await supporter();
    const { id, token } = await world.ask(tom);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => world.answer(token, at % 2 ? 'allow' : 'refuse')),
    );
    const said = answers.filter(({ status }) => status === 200);
    assert.equal(said.length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) refused(answer, 409, 'support_over');
    if (said[0]!.body.state === 'refused') {
      refused(await world.enter(tom, id), 409, 'support_over');
      return;
    }
    await world.enter(tom, id);
    assert.equal((await world.answer(token, 'revoke')).body.endedBy, 'tenant');
    assert.equal((await world.session(tom)).support, null);
    refused(await world.answer(token, 'allow'), 409, 'support_over');
  });

  it('lets nobody in who was refused, whose question expired, or whom a former administrator would let in', async () => {
    const { api, asAdmin, tenantId, supporter } = world;
    const [one, two, three] = [await supporter(), await supporter(), await supporter()];
    const no = await world.ask(one);
    await world.answer(no.token, 'refuse');
    refused(await world.enter(one, no.id), 409, 'support_over');

    const late = await world.ask(two);
    await asAdmin(`update support_accesses set answer_until = now() where id = $1`, [late.id]);
    refused(await world.answer(late.token, 'allow'), 409, 'support_over');
    await closeOverdue(api.installation.em);
    assert.equal((await world.eventsOf(late.id)).at(-1)?.type, 'support.expired');

    const former = await world.ask(three);
    const name = (email: string) => api.ask('PATCH', `/api/v1/tenants/${tenantId}`, { body: { admin: { email } } });
    await name('new@customer.example');
    refused(await world.answer(former.token, 'allow'), 403, 'support_link_invalid');
    await api.ask('PATCH', `/api/v1/tenants/${tenantId}`, { body: { admin } });
    refused(await world.answer('a token that nobody was ever sent', 'allow'), 403, 'support_link_invalid');
  });

  it('is not asked of an administrator whom the same person has named', async () => {
    const { api, otherId, post, supporter } = world;
    const eve = await supporter('admin');
    const body = { tenantId: otherId, reason, minutes: 60 };
    const named = await api.ask('PATCH', `/api/v1/tenants/${otherId}`, {
      cookie: eve.cookie,
      body: { admin: { email: 'eve@mailbox.example' } },
    });
    assert.equal(named.status, 200);
    refused(await post('/support-accesses', { cookie: eve.cookie, body }), 409, 'support_nobody_to_ask');
    const { cookie } = await supporter();
    assert.equal((await post('/support-accesses', { cookie, body })).status, 201);
    await world.mail();
    await api.ask('PATCH', `/api/v1/tenants/${otherId}`, { body: { admin: null } });
  });

  it('is asked once at a time, not longer than is allowed, of active tenants with somebody to ask', async () => {
    const { otherId, tenantId, supporter, post } = world;
    const { cookie, userId } = await supporter();
    const wanted = (of: object) =>
      post('/support-accesses', { cookie, body: { tenantId, reason, minutes: 60, ...of } });
    refused(await wanted({ minutes: 241 }), 400, 'support_too_long');
    refused(await wanted({ reason: 'short' }), 400, 'invalid_request');
    refused(await wanted({ tenantId: otherId }), 409, 'support_nobody_to_ask');
    await world.ask({ cookie, userId });
    refused(await wanted({}), 409, 'support_open');
  });
});
