import assert from 'node:assert/strict';
import { identityRoutes } from '#api/routeTable/identity.ts';
import { portalIdentityRoutes } from '#api/routeTable/portalIdentity.ts';
import { portalPrefix } from '#api/portals/atPortal.ts';
import type { Member, MemberInvited } from '#contracts/portal/members.ts';
import { TestAccount } from '../signIn/testAccount.ts';
import type { Answer } from '../apiInstallation.ts';
import { signInCases } from './identityCases.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

const isEmpty = ({ text }: Answer) => assert.equal(text, '');
const is = (expected: object) => (answer: Answer) =>
  assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
let count = 0;

type OfPeople = keyof typeof portalIdentityRoutes;
const byAddress = new Map(
  Object.entries(portalIdentityRoutes).map(([id, { method, path }]) => [`${method} ${path}`, id as OfPeople]),
);

/** What people of a tenant do at its portal. */
export function portalCases(world: World) {
  const prefix = () => `/api/v1/portals/${world.active.slug}`;
  const joined = () => TestAccount.joinTenant(world.api, world.active);
  const admin = () => TestAccount.joinTenant(world.api, world.active, 'tenant-admin');
  const invited = async (by: TestAccount): Promise<MemberInvited> => {
    const body = { email: `member${++count}@example.org`, name: 'Ada', role: 'viewer' };
    const answer = await by.ask<MemberInvited>('POST', `${prefix()}/members`, { body });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body;
  };
  const ofSignIn = signInCases(world, {
    prefix,
    name: 'Åbo', // as the case of updateTenant leaves it
    join: joined,
    invite: async () => (await invited(await admin())).link!.split('#')[1]!,
  });
  /** By the platform's route whose handler it is. */
  const mirrored = Object.fromEntries(
    Object.entries(ofSignIn).flatMap(([id, one]) => {
      const { method, path } = identityRoutes[id as keyof typeof identityRoutes];
      const name = byAddress.get(`${method} ${portalPrefix}${path.slice('/api/v1'.length)}`);
      return name ? [[name, one]] : [];
    }),
  ) as unknown as Record<Exclude<OfPeople, 'createPortalSession' | 'deletePortalSession'>, RouteCase>;
  const toMember = async (): Promise<{ cookie: string; params: { memberId: string; slug: string } }> => {
    const { cookie } = await admin();
    return { cookie, params: { memberId: (await joined()).userId, slug: world.active.slug } };
  };

  return {
    ...mirrored,
    createPortalSession: {
      async succeeds() {
        const { email, password } = await joined();
        return { body: { email, password }, cookie: null };
      },
      shows: is({ session: { kind: 'member', user: { role: 'member' } } }),
    },
    deletePortalSession: { succeeds: async () => ({ cookie: (await joined()).cookie }), shows: isEmpty },
    listMembers: {
      succeeds: async () => ({ cookie: (await admin()).cookie }),
      shows: ({ body }: Answer) => assert.ok((body['items'] as Member[]).some(({ role }) => role === 'tenant-admin')),
    },
    readMember: { succeeds: toMember, shows: is({ name: 'Ines Weber', role: 'member', state: 'active' }) },
    inviteMember: {
      succeeds: async () => ({ cookie: (await admin()).cookie, body: { email: 'Grace@example.org' } }),
      shows(answer: Answer) {
        is({ member: { email: 'grace@example.org', state: 'invited', role: 'member' } })(answer);
        assert.match(String(answer.body['link']), /^http:\/\/localhost:4400\/portal\/abo\/accept#[\w-]{32}$/);
      },
    },
    inviteMemberAgain: {
      async succeeds() {
        const by = await admin();
        const { member } = await invited(by);
        return { cookie: by.cookie, params: { memberId: member.id, slug: world.active.slug } };
      },
      shows: ({ body }: Answer) => assert.match(String(body['link']), /#[\w-]{32}$/),
    },
    updateMember: {
      succeeds: async () => ({ ...(await toMember()), body: { role: 'viewer' } }),
      shows: is({ member: { role: 'viewer' }, invitation: null }),
    },
    removeMember: { succeeds: toMember, shows: isEmpty },
    disableMember: { succeeds: toMember, shows: is({ state: 'disabled' }) },
    enableMember: { succeeds: toMember, shows: is({ state: 'active' }) },
    resetMemberFactors: { succeeds: toMember, shows: is({ totp: false, passkeys: 0 }) },
  } satisfies Partial<Record<OperationId, RouteCase>>;
}

/** What the platform does for who is to be a tenant's administrator: on a tenant of its own, where nobody has accepted. */
export function adminInvitationCases(world: World) {
  const waiting = async () => {
    const email = `admin${++count}@example.org`;
    const { tenantId } = await world.api.installation.createTenant({ name: 'Waiting', admin: { email, name: 'Ada' } });
    await world.api.installation.asAdmin(null, `update tenants set state = 'active' where id = $1`, [tenantId]);
    return { params: { tenantId } };
  };
  return {
    readAdminInvitation: {
      succeeds: waiting,
      shows: is({ state: 'not_invited', admin: { name: 'Ada' }, may: { resend: true, correct: true } }),
    },
    resendAdminInvitation: {
      succeeds: waiting,
      shows(answer: Answer) {
        is({ invitation: { state: 'waiting' } })(answer);
        assert.match(String(answer.body['link']), /\/portal\/waiting[\w-]*\/accept#[\w-]{32}$/);
      },
    },
    correctAdminInvitation: {
      succeeds: async () => ({ ...(await waiting()), body: { email: 'Right@example.org', name: 'Ada' } }),
      shows: is({ invitation: { state: 'waiting', admin: { name: 'Ada' } } }),
    },
  } satisfies Partial<Record<OperationId, RouteCase>>;
}
