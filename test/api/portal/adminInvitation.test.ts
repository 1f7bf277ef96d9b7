import assert from 'node:assert/strict';
import type { AdminInvitation, AdminInvited } from '#contracts/portal/adminInvitation.ts';
import type { PortalSession } from '#contracts/portal/session.ts';
import { personWith } from '../personWith.ts';
import { codeOf, portalWorld, type PortalWorld } from './portalWorld.ts';

describe("the named administrator's invitation", () => {
  let world: PortalWorld;
  before(async () => (world = await portalWorld()));
  after(() => world.stop());

  let count = 0;
  async function newTenant(named = true) {
    const slug = `waiting-${++count}`;
    const admin = { email: `admin${count}@customer.example`, name: 'Ada' };
    const { tenantId } = await world.api.installation.createTenant({
      name: 'Waiting',
      slug,
      ...(named ? { admin } : {}),
    });
    await world.asAdmin(`update tenants set state = 'active' where id = $1`, [tenantId]);
    const path = `/api/v1/tenants/${tenantId}/admin-invitation`;
    return {
      tenantId,
      slug,
      email: admin.email,
      read: async () => (await world.api.ask<AdminInvitation>('GET', path)).body,
      resend: (cookie = world.api.cookie) => world.api.ask<AdminInvited>('POST', path, { cookie }),
      correct: (body: object, cookie = world.api.cookie) =>
        world.api.ask<AdminInvited>('PATCH', path, { cookie, body }),
      accept: (link: string) =>
        world.at<PortalSession>({ slug }, 'POST', '/links/invitation', {
          body: { token: link.split('#')[1], password: 'a sentence that nobody guesses' },
        }),
    };
  }

  it('is told by how far it has come, sent again, and ends once somebody is the administrator', async () => {
    const tenant = await newTenant();
    assert.partialDeepStrictEqual(await tenant.read(), { state: 'not_invited', admin: { email: tenant.email } });
    const first = await tenant.resend();
    assert.equal(first.body.invitation.state, 'waiting');
    const [mail] = await world.mailsTo(tenant.email);
    assert.ok(mail!.text.includes(first.body.link!) && mail!.text.includes('administrator'));
    await world.asAdmin(`update one_time_links set expires_at = now() where purpose = 'invitation'`);
    assert.equal((await tenant.read()).state, 'expired');
    assert.equal(codeOf(await tenant.accept(first.body.link!)), 'link_invalid');
    const second = await tenant.resend();
    const accepted = await tenant.accept(second.body.link!);
    assert.partialDeepStrictEqual(accepted.body.session!, {
      user: { email: tenant.email, name: 'Ada', role: 'tenant-admin' },
    });
    const after = await tenant.read();
    assert.deepEqual([after.state, after.may], ['accepted', { resend: false, correct: false }]);
    for (const answer of [await tenant.resend(), await tenant.correct({ email: 'mine@platform.example' })])
      assert.equal(codeOf(answer), 'person_not_invited', 'from then on its people are its own affair');
  });

  it('goes to the right address when the first was wrong; the link that went there opens nothing', async () => {
    const tenant = await newTenant();
    const wrong = await tenant.resend();
    const right = await tenant.correct({ email: 'Right.Person@customer.example', name: 'Grace' });
    assert.partialDeepStrictEqual(right.body.invitation, {
      state: 'waiting',
      admin: { email: 'Right.Person@customer.example', name: 'Grace' },
    });
    assert.equal(codeOf(await tenant.accept(wrong.body.link!)), 'link_invalid');
    assert.equal((await tenant.accept(right.body.link!)).status, 201);
    const [{ n } = { n: 0 }] = await world.asAdmin<{ n: number }>(
      'select count(*)::int as n from users where tenant_id = $1',
      [tenant.tenantId],
    );
    assert.equal(n, 1, 'nobody is left of the wrong one');
  });

  it('ends when another administrator is named by any other way', async () => {
    const tenant = await newTenant();
    const former = await tenant.resend();
    const renamed = await world.api.ask('PATCH', `/api/v1/tenants/${tenant.tenantId}`, {
      body: { admin: { email: 'other@customer.example' } },
    });
    assert.equal(renamed.status, 200, renamed.text);
    assert.equal(codeOf(await tenant.accept(former.body.link!)), 'link_invalid');
    assert.equal((await tenant.read()).state, 'not_invited');
  });

  it('is withdrawn alone: whom somebody of the tenant invited to be administrator was never named', async () => {
    const tenant = await newTenant();
    await tenant.resend();
    await world.asAdmin(
      `with member as (
         insert into users (id, email, tenant_id, portal_role, sealed_profile, password_hash, activated_at)
         values (gen_random_uuid(), 'member ' || $1, $1::uuid, 'viewer', '', 'none', null) returning id)
       insert into users (id, email, tenant_id, portal_role, sealed_profile, password_hash, activated_at, invited_by)
       select gen_random_uuid(), 'invited ' || $1, $1::uuid, 'tenant-admin', '', 'none', null, id from member`,
      [tenant.tenantId],
    );
    await tenant.correct({ email: 'right@customer.example' });
    const left = await world.asAdmin<{ email: string }>(
      `select email from users where tenant_id = $1 and portal_role = 'tenant-admin' and activated_at is null`,
      [tenant.tenantId],
    );
    assert.equal(left.length, 2);
    assert.ok(left.some(({ email }) => email === `invited ${tenant.tenantId}`));
  });

  it('is nobody else’s to send: not without the permission, not for a tenant out of reach, not by a key, not twice at once', async () => {
    const tenant = await newTenant();
    const auditor = await personWith(world.api.installation, [{ role: 'auditor' }]);
    assert.equal(codeOf(await tenant.resend(auditor.cookie)), 'forbidden');
    const elsewhere = await personWith(world.api.installation, [
      { role: 'owner', scope: { kind: 'tenant', tenantId: world.ours.tenantId } },
    ]);
    assert.equal(codeOf(await tenant.resend(elsewhere.cookie)), 'not_found');
    const both = await Promise.all([tenant.resend(), tenant.resend(), tenant.resend()]);
    assert.ok(both.every(({ status }) => status === 200));
    const accepted = await Promise.all(both.map(({ body }) => tenant.accept(body.link!)));
    assert.equal(accepted.filter(({ status }) => status === 201).length, 1);
  });

  it('cannot be turned by who acts for the tenant', async () => {
    const tenant = await newTenant();
    const { cookie } = await personWith(world.api.installation, [{ role: 'admin' }]);
    const asked = await world.api.ask('POST', '/api/v1/support-accesses/break-glass', {
      cookie,
      body: { tenantId: tenant.tenantId, reason: 'They cannot see their invoices.', minutes: 30 },
    });
    await world.api.ask('POST', `/api/v1/support-accesses/${String(asked.body['id'])}/enter`, { cookie });
    assert.equal(codeOf(await tenant.correct({ email: 'mine@platform.example' }, cookie)), 'forbidden');
    const renamed = await world.api.ask('PATCH', `/api/v1/tenants/${tenant.tenantId}`, {
      cookie,
      body: { admin: { email: 'mine@platform.example' } },
    });
    assert.equal(codeOf(renamed), 'forbidden');
    assert.equal((await tenant.resend(cookie)).body.link, null);
  });

  it('is none where nobody is named, and of tenants that are not open', async () => {
    const tenant = await newTenant(false);
    assert.equal((await tenant.read()).state, 'nobody_named');
    assert.equal(codeOf(await tenant.resend()), 'person_not_invited');
    await world.asAdmin(`update tenants set state = 'suspended' where id = $1`, [tenant.tenantId]);
    assert.equal(codeOf(await tenant.correct({ email: 'x@customer.example' })), 'tenant_not_active');
  });
}).timeout(60_000);
