import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { portalPrefix } from '#api/portals/atPortal.ts';
import type { AnyRoute } from '#api/route.ts';
import { routeTable } from '#api/routeTable.ts';
import {
  portalPermissions,
  portalPermissionsWhileActing,
  portalRoles,
  portalRoleSheet,
  type PortalPermission,
} from '#contracts/portal/permissions.ts';
import { startSession } from '#domain/people/sessions.ts';
import { rows } from '#domain/sql.ts';
import type { Answer, Asking } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';
import { codeOf, portalWorld, type PortalTenant, type PortalWorld } from './portalWorld.ts';

const routes = Object.entries(routeTable as Record<string, AnyRoute>).filter(([, { portal }]) => portal !== undefined);
const closed = routes.filter(([, { portal }]) => portal !== 'public');
const platformRoutes = Object.entries(routeTable as Record<string, AnyRoute>).filter(
  ([, { permission, portal }]) => portal === undefined && !['public', 'worker'].includes(permission),
);
const hasBody = (route: AnyRoute): boolean => 'body' in route && route.body !== undefined;
const fieldsOf = (schema: z.ZodType | undefined): string[] =>
  schema && 'shape' in schema ? Object.keys(schema.shape as object) : [];

/** D12 for portals: the cases are made from the routes, so a new one is asked too. */
describe('every route of the portals', () => {
  let world: PortalWorld;
  let acting: string;
  before(async () => {
    world = await portalWorld();
    acting = await actFor(world, world.ours);
  });
  after(() => world.stop());

  /** Where ids can stand; what is not the other tenant's is made up. */
  const idsOf = ({ slug, tenantId, people }: PortalTenant): Record<string, string> => ({
    slug,
    tenantId,
    memberId: people.member.userId,
  });
  const pathOf = (route: AnyRoute, ids: Record<string, string>): string =>
    route.path.replace(
      /\{(\w+)\}/g,
      (_whole, name: string) => ids[name] ?? (name.endsWith('Id') ? randomUUID() : 'first_members'),
    );
  const send = (route: AnyRoute, ids: Record<string, string>, asking: Asking, search = ''): Promise<Answer> =>
    world.api.ask(route.method.toUpperCase(), pathOf(route, ids) + search, {
      ...(hasBody(route) ? { body: {} } : {}),
      ...asking,
    });
  const silent = (answer: Answer, { canary, people }: PortalTenant): void => {
    for (const word of [canary, ...Object.values(people).map(({ userId }) => userId)])
      assert.ok(!JSON.stringify([answer.text, answer.headers]).includes(word), answer.text.slice(0, 400));
  };
  const stateOf = ({ tenantId }: PortalTenant): Promise<unknown> =>
    world.asAdmin(
      `select md5(string_agg(row, '' order by row)) as digest from (
         select u.id::text || coalesce(u.portal_role, '') || u.password_hash || coalesce(u.disabled_at::text, '') ||
                encode(u.sealed_profile, 'hex') as row from users u where tenant_id = $1
         union all select encode(l.token_hash, 'hex') from one_time_links l join users u on u.id = l.user_id where u.tenant_id = $1
         union all select s.id::text from sessions s join users u on u.id = s.user_id where u.tenant_id = $1) as all_rows`,
      [tenantId],
    );

  for (const [id, route] of closed) {
    it(`${id}: who is somebody in one tenant meets nothing of another, by slug, path, query, body and header`, async () => {
      const before = await stateOf(world.theirs);
      for (const role of portalRoles) {
        const cookie = await ownSession(world, world.ours.people[role].userId, world.ours);
        const theirCookie = cookie.replace(/^[^=]+/, world.place(world.theirs).cookie);
        for (const carried of [cookie, theirCookie, cookie.replace(/^[^=]+/, 'tenantry')]) {
          const answer = await send(route, idsOf(world.theirs), { cookie: carried });
          assert.equal(answer.status, 401, answer.text);
          silent(answer, world.theirs);
        }
        // Their ids at the own door: paths, and every field of queries and bodies that could name somebody.
        const session = await ownSession(world, world.ours.people[role].userId, world.ours);
        const named = Object.fromEntries(
          fieldsOf('body' in route ? (route.body as z.ZodType) : undefined)
            .filter((field) => /id$/i.test(field))
            .map((field) => [field, idsOf(world.theirs)[field] ?? world.theirs.people.member.userId]),
        );
        const query = fieldsOf(route.query).includes('search') ? `?search=${world.theirs.canary}` : '';
        const answer = await send(
          route,
          { ...idsOf(world.theirs), slug: world.ours.slug },
          {
            cookie: session,
            headers: { 'x-tenant-id': world.theirs.tenantId, 'x-forwarded-host': `${world.theirs.slug}.example.org` },
            ...(hasBody(route) ? { body: { role: 'viewer', name: 'Taken', ...named } } : {}),
          },
          query,
        );
        if (route.path.includes('{memberId}')) assert.ok([400, 403, 404].includes(answer.status), answer.text);
        silent(answer, world.theirs);
      }
      assert.deepEqual(await stateOf(world.theirs), before, 'something of the other tenant was changed');
    });

    it(`${id}: neither a session nor a key of the platform opens it, whatever its owner may do there`, async () => {
      const key = await world.api.ask<{ key: string }>('POST', '/api/v1/api-keys', {
        body: { name: 'All', permissions: ['tenants:read'], scope: { kind: 'platform' } },
      });
      const byPlatform: Asking[] = [
        { cookie: world.api.cookie },
        { cookie: world.api.cookie.replace(/^[^=]+/, world.place(world.ours).cookie) },
        { cookie: null, headers: { authorization: `Bearer ${key.body.key}` } },
        { cookie: null, headers: { authorization: `Bearer twt_${'0'.repeat(28)}` } },
        { cookie: acting, headers: {} },
      ];
      for (const [at, asking] of byPlatform.entries()) {
        const tenant = at === byPlatform.length - 1 ? world.theirs : world.ours;
        const answer = await send(route, idsOf(tenant), asking);
        assert.equal(answer.status, 401, `${at}: ${answer.text}`);
        silent(answer, tenant);
      }
    });

    it(`${id}: is open to who is permitted ${route.portal}, and to nobody else`, async () => {
      const isPermitted = async (cookie: string): Promise<boolean> => {
        const answer = await send(route, idsOf(world.ours), { cookie }, '?nonsense=1');
        if (answer.status === 403 && codeOf(answer) === 'forbidden') return false;
        assert.equal(answer.status, 400, answer.text);
        return true;
      };
      const needed = route.portal as PortalPermission | 'signed-in';
      for (const role of portalRoles) {
        const has = needed === 'signed-in' || portalRoleSheet[role].permissions.includes(needed);
        const session = await ownSession(world, world.ours.people[role].userId, world.ours);
        assert.equal(await isPermitted(session), has, role);
      }
      const mayActing = needed !== 'signed-in' && portalPermissionsWhileActing.includes(needed);
      assert.equal(await isPermitted(acting), mayActing, 'acting for the tenant');
    });
  }

  for (const [id, route] of routes)
    it(`${id}: is closed with its tenant, and follows it when it moves`, async () => {
      const { tenantId, slug } = world.ours;
      const refusalIn = async (state: string) => {
        await setState(world, tenantId, state);
        return codeOf(await send(route, idsOf(world.ours), { cookie: world.ours.people['tenant-admin'].cookie }));
      };
      try {
        assert.equal(await refusalIn('suspended'), 'tenant_suspended');
        for (const state of ['provisioning', 'offboarding', 'erased', 'rolled_back'])
          assert.equal(await refusalIn(state), 'not_found', state);
      } finally {
        await setState(world, tenantId, 'active');
      }
      const movedTo = `${slug}-moved`;
      await world.asAdmin(`update tenant_addresses set state = 'redirect' where tenant_id = $1`, [tenantId]);
      await world.asAdmin(
        `insert into tenant_addresses (id, tenant_id, slug, state) values (gen_random_uuid(), $1, $2, 'current')`,
        [tenantId, movedTo],
      );
      await setState(world, tenantId, 'active', 307);
      try {
        const moved = await send(route, idsOf(world.ours), {}, '?a=b');
        assert.equal(codeOf(moved), 'tenant_moved');
        assert.equal(moved.status, 307);
        const ids = { ...idsOf(world.ours), slug: movedTo };
        const wanted = new RegExp(`^${pathOf(route, ids).replace(/[0-9a-f-]{36}/g, '[0-9a-f-]{36}')}\\?a=b$`);
        assert.match(moved.headers.location ?? '', wanted);
      } finally {
        await world.asAdmin(`delete from tenant_addresses where slug = $1`, [movedTo]);
        await world.asAdmin(`update tenant_addresses set state = 'current' where tenant_id = $1`, [tenantId]);
        await setState(world, tenantId, 'active');
      }
    });

  for (const [id, route] of platformRoutes)
    it(`${id}: who belongs to a tenant is nobody on the platform`, async () => {
      for (const role of portalRoles) {
        const session = await ownSession(world, world.ours.people[role].userId, world.ours);
        const value = session.slice(session.indexOf('=') + 1);
        const path = route.path.replace(
          /\{(\w+)\}/g,
          (_whole, name: string) => idsOf(world.ours)[name] ?? randomUUID(),
        );
        for (const cookie of [session, `tenantry=${value}`]) {
          const answer = await world.api.ask(route.method.toUpperCase(), path, {
            cookie,
            ...(hasBody(route) ? { body: {} } : {}),
          });
          assert.equal(answer.status, 401, answer.text);
          silent(answer, world.ours);
        }
      }
    });

  it('declares who may ask, or does not start', async () => {
    const { mountRoutes } = await import('#api/mounting/mountRoutes.ts');
    const of = (route: Partial<AnyRoute>) => () =>
      mountRoutes({ planted: { ...routeTable.listMembers, ...route } as AnyRoute }, {} as never);
    const { portal: _portal, ...undeclared } = routeTable.listMembers;
    assert.throws(
      () => mountRoutes({ planted: undeclared as AnyRoute }, {} as never),
      /declares not who may ask at a portal/,
    );
    assert.throws(of({ path: '/api/v1/elsewhere' }), /or is none/);
    assert.throws(of({ permission: 'public' }), /declares not who may ask/);
    for (const [, { path }] of routes) assert.ok(path.startsWith(portalPrefix));
  });

  it('asks for every portal permission that there is', () => {
    const asked = new Set(routes.map(([, { portal }]) => portal));
    assert.deepEqual(
      portalPermissions.filter((one) => !asked.has(one) && !one.startsWith('onboarding:')),
      [],
    );
  });
}).timeout(60_000);

/** A session of its own for each question: some routes end it. */
async function ownSession(world: PortalWorld, userId: string, tenant: PortalTenant): Promise<string> {
  return `${world.place(tenant).cookie}=${(await startSession(world.api.installation.em, userId)).token}`;
}

/** The cookie of somebody of the platform who acts for this tenant. */
async function actFor(world: PortalWorld, { tenantId }: PortalTenant): Promise<string> {
  const { cookie } = await personWith(world.api.installation, [{ role: 'support' }]);
  const body = { tenantId, reason: 'They cannot see their invoices.', minutes: 60 };
  const broken = await world.api.ask('POST', '/api/v1/support-accesses/break-glass', { cookie, body });
  const entered = await world.api.ask('POST', `/api/v1/support-accesses/${String(broken.body['id'])}/enter`, {
    cookie,
  });
  assert.equal(entered.status, 200, entered.text);
  return cookie;
}

/** As a run leaves it, and every process hears of it. */
async function setState(
  world: PortalWorld,
  tenantId: string,
  state: string,
  wanted = { active: 200, suspended: 403 }[state] ?? 404,
): Promise<void> {
  await world.asAdmin('update tenants set state = $2 where id = $1', [tenantId, state]);
  await rows(world.api.installation.em)`update access_epoch set epoch = epoch + 1`;
  const { epoch } = (await world.asAdmin<{ epoch: string }>('select epoch from access_epoch'))[0]!;
  const { announcer } = world.api.installation.platform;
  announcer.announce('access', 'epoch', Number(epoch));
  const deadline = Date.now() + 2_000;
  // What was taken away is gone within a second on every process; the test does not wait longer than that.
  while ((await world.at(world.ours, 'GET', '')).status !== wanted && Date.now() < deadline)
    await new Promise((resume) => setTimeout(resume, 10));
}
