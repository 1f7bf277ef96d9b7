import assert from 'node:assert/strict';
import type { Member, MemberInvited, Members } from '#contracts/portal/members.ts';
import type { PortalSession } from '#contracts/portal/session.ts';
import { personWith } from '../personWith.ts';
import type { Asking } from '../apiInstallation.ts';
import { codeOf, portalWorld, type PortalTenant, type PortalWorld } from './portalWorld.ts';
import type { TestAccount } from '../signIn/testAccount.ts';

describe('members of a tenant', () => {
  let world: PortalWorld;
  before(async () => (world = await portalWorld()));
  after(() => world.stop());

  let tenants = 0;
  const newTenant = () => world.openTenant(`members-${++tenants}`);
  const by = <Body = Record<string, unknown>>(who: TestAccount, method: string, path: string, body?: object) =>
    who.ask<Body>(method, `${who.place.prefix}${path}`, body ? { body } : {});
  const invite = async (tenant: PortalTenant, email: string, role = 'member') => {
    const answer = await by<MemberInvited>(tenant.people['tenant-admin'], 'POST', '/members', { email, role });
    assert.equal(answer.status, 201, answer.text);
    return { ...answer.body, token: answer.body.link!.split('#')[1]! };
  };
  const accept = (tenant: PortalTenant, token: string) =>
    world.at<PortalSession>(tenant, 'POST', '/links/invitation', {
      body: { token, password: 'a sentence that nobody guesses', name: 'Ines Weber' },
    });

  it('are invited by mail, accept with a password, and are what they were invited as', async () => {
    const tenant = await newTenant();
    const { member, token } = await invite(tenant, 'New.Person@customer.example', 'viewer');
    assert.partialDeepStrictEqual(member, { email: 'new.person@customer.example', state: 'invited', role: 'viewer' });
    assert.equal(member.invitation?.hasExpired, false);
    const [mail] = await world.mailsTo('new.person@customer.example');
    assert.match(mail!.subject, new RegExp(tenant.canary));
    assert.ok(mail!.text.includes(`/portal/${tenant.slug}/accept#${token}`));
    const { body } = await accept(tenant, token);
    assert.partialDeepStrictEqual(body.session!, { kind: 'member', user: { name: 'Ines Weber', role: 'viewer' } });
    const again = await by(tenant.people['tenant-admin'], 'POST', '/members', { email: 'new.person@CUSTOMER.example' });
    assert.equal(codeOf(again), 'email_taken');
  });

  it('are written to five times an hour at most, by whatever way; who else is invited is not held up', async () => {
    const tenant = await newTenant();
    const admin = tenant.people['tenant-admin'];
    const { member } = await invite(tenant, 'often@customer.example');
    const path = `/members/${member.id}`;
    for (let mails = 1; mails < 4; mails += 1) assert.equal((await by(admin, 'POST', `${path}/resend`)).status, 200);
    assert.equal((await by(admin, 'PATCH', path, { email: 'Often@Customer.example' })).status, 200);
    for (const [method, address, body] of [
      ['POST', `${path}/resend`, undefined],
      ['PATCH', path, { email: 'often@customer.example' }],
      ['POST', '/members', { email: 'often@customer.example' }],
      ['POST', '/ownership', { confirm: tenant.slug, to: { memberId: member.id } }],
    ] as const) {
      const held = await by(admin, method, address, body);
      assert.deepEqual([held.status, codeOf(held)], [429, 'too_many_attempts'], `${method} ${address}`);
      assert.ok(Number(held.headers['retry-after']) > 3000, 'the seconds are told');
    }
    assert.equal((await world.mailsTo('often@customer.example')).length, 5);
    await invite(tenant, 'other@customer.example');
    const elsewhere = await newTenant();
    await invite(elsewhere, 'often@customer.example');
  });

  it('get a new link, or one at the right address; each ends the one before', async () => {
    const tenant = await newTenant();
    const admin = tenant.people['tenant-admin'];
    const first = await invite(tenant, 'wrong@customer.example');
    const { id } = first.member;
    const second = await by<MemberInvited>(admin, 'POST', `/members/${id}/resend`);
    assert.equal(codeOf(await accept(tenant, first.token)), 'link_invalid');
    const corrected = await by<{ member: Member; invitation: { link: string } }>(admin, 'PATCH', `/members/${id}`, {
      email: 'right@customer.example',
    });
    assert.equal(corrected.body.member.email, 'right@customer.example');
    assert.equal(codeOf(await accept(tenant, second.body.link!.split('#')[1]!)), 'link_invalid');
    assert.equal((await world.mailsTo('right@customer.example')).length, 1);
    assert.equal((await accept(tenant, corrected.body.invitation.link.split('#')[1]!)).status, 201);
    for (const [method, path, body] of [
      ['POST', `/members/${id}/resend`, undefined],
      ['PATCH', `/members/${id}`, { email: 'other@customer.example' }],
    ] as const)
      assert.equal(codeOf(await by(admin, method, path, body)), 'person_not_invited');
  });

  it('are withdrawn as if nobody had been invited', async () => {
    const tenant = await newTenant();
    const { member, token } = await invite(tenant, 'regretted@customer.example');
    assert.equal((await by(tenant.people['tenant-admin'], 'DELETE', `/members/${member.id}`)).status, 204);
    assert.equal(codeOf(await accept(tenant, token)), 'link_invalid');
    assert.equal((await by(tenant.people['tenant-admin'], 'GET', `/members/${member.id}`)).status, 404);
    assert.equal((await invite(tenant, 'regretted@customer.example')).member.state, 'invited');
  });

  it('change role, are locked out, come back and are removed, at once', async () => {
    const tenant = await newTenant();
    const { 'tenant-admin': admin, member } = tenant.people;
    const path = `/members/${member.userId}`;
    assert.equal((await by(member, 'GET', '/members')).status, 200);
    assert.equal(codeOf(await by(member, 'POST', '/members', { email: 'x@customer.example' })), 'forbidden');
    await by(admin, 'PATCH', path, { role: 'tenant-admin' });
    assert.equal((await by(member, 'POST', '/members', { email: 'x@customer.example' })).status, 201);
    await by(admin, 'PATCH', path, { role: 'viewer' });
    assert.equal(codeOf(await by(member, 'POST', '/members', { email: 'y@customer.example' })), 'forbidden');
    await member.addTotp();
    assert.equal((await by<Member>(admin, 'POST', `${path}/reset-factors`)).body.totp, false);
    assert.equal((await by(member, 'GET', '/account')).status, 401, 'sessions end with the factors');
    assert.equal((await by<Member>(admin, 'POST', `${path}/disable`)).body.state, 'disabled');
    const signIn = () =>
      world.at(tenant, 'POST', '/session', { body: { email: member.email, password: member.password } });
    assert.equal(codeOf(await signIn()), 'bad_credentials');
    assert.equal((await by<Member>(admin, 'POST', `${path}/enable`)).body.state, 'active');
    assert.equal((await signIn()).status, 201);
    assert.equal((await by(admin, 'DELETE', path)).status, 204);
    assert.equal(codeOf(await signIn()), 'bad_credentials');
    const told = await world.asAdmin<{ type: string }>(
      `select type from events where stream = $1 and type like 'user.%' order by version`,
      [`user:${member.userId}`],
    );
    assert.deepEqual(
      told.map(({ type }) => type),
      ['user.invited', 'user.joined', 'user.role_changed', 'user.role_changed', 'user.disabled', 'user.enabled', 'user.removed'],
    ); // prettier-ignore
  });

  it('keep their last administrator, also when two leave at the same moment', async () => {
    const tenant = await newTenant();
    const admin = tenant.people['tenant-admin'];
    const own = `/members/${admin.userId}`;
    assert.equal(codeOf(await by(admin, 'PATCH', own, { role: 'member' })), 'last_tenant_admin');
    assert.equal(codeOf(await by(admin, 'DELETE', own)), 'person_oneself');
    assert.equal(codeOf(await by(admin, 'POST', `${own}/disable`)), 'person_oneself');
    const other = await world.join(tenant, 'tenant-admin');
    const left = await Promise.all([
      by(admin, 'PATCH', own, { role: 'member' }),
      by(other, 'PATCH', `/members/${other.userId}`, { role: 'member' }),
    ]);
    assert.deepEqual(left.map((answer) => codeOf(answer) ?? answer.status).toSorted(), [200, 'last_tenant_admin']);
    const stays = left[0]!.status === 200 ? other : admin;
    await by(stays, 'POST', '/members', { email: 'not-yet@customer.example', role: 'tenant-admin' }); // counts once accepted
    assert.equal(codeOf(await by(stays, 'PATCH', `/members/${stays.userId}`, { role: 'viewer' })), 'last_tenant_admin');
  });

  it('are listed page by page, by role, state, name and address', async () => {
    const tenant = await newTenant();
    const admin = tenant.people['tenant-admin'];
    for (const name of ['ana', 'bea', 'cleo', 'dora']) await invite(tenant, `${name}@listed.example`, 'viewer');
    const list = async (query: string) => (await by<Members>(admin, 'GET', `/members${query}`)).body;
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Members = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.ok(page.items.length <= 2);
      seen.push(...page.items.map(({ email }) => email));
      cursor = page.nextCursor;
    }
    assert.equal(seen.length, 7);
    assert.equal(new Set(seen).size, 7);
    assert.equal((await list('?search=LISTED.example')).items.length, 4);
    assert.equal((await list('?search=ines')).items.length, 3);
    assert.equal((await list('?role=viewer&state=invited')).items.length, 4);
    assert.equal((await list('?role=tenant-admin')).items.length, 1);
    assert.equal(codeOf(await by(admin, 'GET', '/members?cursor=nonsense')), 'invalid_request');
  });

  it('are not added once the doors are closing', async () => {
    const tenant = await newTenant();
    const inviting = Array.from({ length: 6 }, (_, at) =>
      by(tenant.people['tenant-admin'], 'POST', '/members', { email: `late${at}@customer.example` }),
    );
    await world.asAdmin(`update tenants set state = 'offboarding' where id = $1`, [tenant.tenantId]);
    const answers = await Promise.all(inviting);
    assert.ok(answers.every(({ status }) => [201, 404, 409].includes(status)));
    const more = await by(tenant.people['tenant-admin'], 'POST', '/members', { email: 'later@customer.example' });
    assert.ok(['tenant_not_active', 'not_found'].includes(codeOf(more) ?? ''), more.text);
  });

  describe('looked after by somebody of the platform', () => {
    async function actingFor({ tenantId }: PortalTenant) {
      const { cookie, userId } = await personWith(world.api.installation, [{ role: 'support' }]);
      const body = { tenantId, reason: 'They cannot see their invoices.', minutes: 60 };
      const asked = await world.api.ask('POST', '/api/v1/support-accesses/break-glass', { cookie, body });
      const accessId = String(asked.body['id']);
      await world.api.ask('POST', `/api/v1/support-accesses/${accessId}/enter`, { cookie });
      return { cookie, userId, accessId };
    }

    it('who acts as the administrator, both are named in every event, and nothing that lasts is done', async () => {
      const tenant = await newTenant();
      const { member, token } = await invite(tenant, 'reminded@customer.example');
      const { cookie, userId, accessId } = await actingFor(tenant);
      const asking: Asking = { cookie };
      const session = await world.at<PortalSession>(tenant, 'GET', '/session', asking);
      assert.partialDeepStrictEqual(session.body.session!, { kind: 'support', supportAccessId: accessId });
      const told = await world.at<MemberInvited>(tenant, 'POST', `/members/${member.id}/resend`, asking);
      assert.equal(told.status, 200, told.text);
      assert.equal(told.body.link, null, 'the link would make them somebody of the tenant');
      assert.equal(codeOf(await accept(tenant, token)), 'link_invalid', 'the earlier one ended');
      for (const [method, path, body] of [
        ['POST', '/members', { email: 'mine@platform.example', role: 'tenant-admin' }],
        ['PATCH', `/members/${member.id}`, { email: 'mine@platform.example' }],
        ['DELETE', `/members/${member.id}`, undefined],
        ['GET', '/account', undefined],
      ] as const)
        assert.equal(
          codeOf(await world.at(tenant, method, path, { ...asking, ...(body ? { body } : {}) })),
          'forbidden',
        );
      const [event] = await world.asAdmin<Record<string, string>>(
        `select actor_id, actor_kind, support_access_id, on_behalf_of, tenant_id from events
         where type = 'user.invited_again' and stream = $1`,
        [`user:${member.id}`],
      );
      assert.deepEqual(event, {
        actor_id: userId,
        actor_kind: 'user',
        support_access_id: accessId,
        on_behalf_of: `tenant:${tenant.tenantId}/administrator`,
        tenant_id: tenant.tenantId,
      });
      assert.equal(codeOf(await world.at(world.theirs, 'GET', '/members', asking)), 'unauthenticated', 'here only');
    });

    it('who left, or whose time is over, is nobody here again', async () => {
      const tenant = await newTenant();
      const { cookie, accessId } = await actingFor(tenant);
      assert.equal((await world.at(tenant, 'GET', '/members', { cookie })).status, 200);
      await world.api.ask('POST', `/api/v1/support-accesses/${accessId}/end`, { cookie });
      assert.equal(codeOf(await world.at(tenant, 'GET', '/members', { cookie })), 'unauthenticated');
    });
  });
}).timeout(60_000);
