import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import type { onboardingRoutes } from '#api/routeTable/onboarding.ts';
import { onboardingItems } from '#contracts/onboarding/items.ts';
import { seal } from '#domain/secrets/keyring.ts';
import { hashOfToken } from '#domain/secrets/tokens.ts';
import { TestAccount } from '../signIn/testAccount.ts';
import type { Answer } from '../apiInstallation.ts';
import type { Request, RouteCase, World } from './routeCases.ts';

let count = 0;

/** How tenants begin: what they go through, for the platform and at their portal, and sign-up by themselves. */
export function onboardingCases(world: World): Record<keyof typeof onboardingRoutes, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const sql = (text: string, values: unknown[] = []) => world.api.installation.asAdmin(null, text, values);

  /** A tenant whose onboarding has begun. */
  async function onboarded(): Promise<{ tenantId: string; slug: string }> {
    const name = `Beginner ${++count}`;
    const tenant = await world.api.installation.provision({ name, admin: { email: `beginner${count}@example.org` } });
    await world.api.installation.until('its onboarding', 30_000, async () => {
      const found = await sql(`select 1 from onboardings where tenant_id = $1 and began_ms is not null`, [
        tenant.tenantId,
      ]);
      return found.length > 0;
    });
    return tenant;
  }
  const ofTenant = async (more: object = {}, params: Record<string, string> = {}): Promise<Request> => ({
    params: { tenantId: (await onboarded()).tenantId, ...params },
    ...more,
  });
  const atPortal = async (more: object = {}, params: Record<string, string> = {}): Promise<Request> => {
    const tenant = await onboarded();
    const { cookie } = await TestAccount.joinTenant(world.api, tenant, 'tenant-admin');
    return { cookie, params: { slug: tenant.slug, ...params }, ...more };
  };
  const item = (name: string, state: string) => (answer: Answer) => {
    const items = answer.body['items'] as { item: string; state: string; reason: string | null }[];
    assert.equal(items.find((one) => one.item === name)?.state, state);
  };

  async function openSignUp(): Promise<void> {
    await sql(`update sign_up_settings set is_open = true, needs_approval = true`);
  }
  /** One that somebody asked for, or that waits for a decision. */
  async function signUp(state: 'asked' | 'waiting'): Promise<{ id: string; token: string }> {
    await openSignUp();
    const id = randomUUID();
    const token = randomBytes(24).toString('base64url');
    const who = { organisation: 'Signed', slug: null, email: 'signer@example.org', name: 'Sig' };
    const sealed = seal(
      world.api.installation.platform.installation.keyring.platformKey,
      Buffer.from(JSON.stringify(who)),
      `sign-up/${id}/who`,
    );
    await sql(
      `insert into sign_ups (id, state, plan, sealed, token_hash, expires_at)
       values ($1, $2, 'standard', $3, $4, now() + interval '1 hour')`,
      [id, state, sealed, state === 'asked' ? hashOfToken(token) : null],
    );
    return { id, token };
  }
  const waiting = async (body: object): Promise<Request> => ({
    params: { signUpId: (await signUp('waiting')).id },
    body,
  });

  return {
    listOnboardings: {
      async succeeds() {
        await onboarded();
        return {};
      },
      shows: ({ body }) => assert.ok((body['items'] as unknown[]).length > 0),
    },
    readOnboarding: {
      succeeds: () => ofTenant(),
      shows: is({ state: 'open', progress: { done: 0, skipped: 0, total: onboardingItems.length } }),
    },
    startOnboarding: {
      async succeeds() {
        const { tenantId } = await world.api.installation.provision({ name: 'To be onboarded' });
        return { params: { tenantId } };
      },
      shows: ({ body }) => assert.match(String(body['runId']), /^[0-9a-f-]{36}$/),
    },
    skipOnboardingItem: {
      succeeds: () => ofTenant({ body: { reason: 'They have none.' } }, { item: 'mail_domain' }),
      shows: item('mail_domain', 'skipped'),
    },
    remindOfOnboarding: { succeeds: () => ofTenant(), shows: is({ reminders: { sent: 1 } }) },
    listOnboardingPlans: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['items'] as { plan: string }[]).some(({ plan }) => plan === 'standard')),
    },
    updateOnboardingPlan: {
      succeeds: async () => ({ params: { plan: 'standard' }, body: { reminderDays: [2, 5], escalateAfterDays: 9 } }),
      shows: is({ reminderDays: [2, 5], escalateAfterDays: 9, isDefault: false }),
    },
    readPortalOnboarding: { succeeds: () => atPortal(), shows: is({ state: 'open' }) },
    completeOnboardingItem: {
      succeeds: () => atPortal({}, { item: 'first_members' }),
      shows: item('first_members', 'done'),
    },
    skipPortalOnboardingItem: {
      succeeds: () => atPortal({ body: { reason: 'Not for us.' } }, { item: 'sample_data' }),
      shows: item('sample_data', 'skipped'),
    },
    choosePortalMailDomain: {
      succeeds: () => atPortal({ body: { domain: 'Bücher.example.' } }),
      shows: is({ mailDomain: { domain: 'xn--bcher-kva.example', record: { type: 'TXT' } } }),
    },
    verifyPortalMailDomain: {
      async succeeds() {
        const request = await atPortal();
        await sql(
          `insert into tenant_mail_domains (tenant_id, domain, token)
           select tenant_id, 'verify.invalid', 'x' from tenant_addresses where slug = $1`,
          [request.params!['slug']],
        );
        return request;
      },
      shows: is({ mailDomain: { domain: 'verify.invalid' } }),
    },
    setPortalBillingContact: {
      succeeds: () => atPortal({ body: { name: 'Berta', email: 'berta@example.org', reference: 'PO 7' } }),
      shows: is({ billingContact: { name: 'Berta', reference: 'PO 7' } }),
    },
    loadPortalSampleData: {
      succeeds: () => atPortal(),
      shows: ({ body }) => assert.ok(['asked', 'loaded'].includes(String(body['sampleData']))),
    },
    readSignUpOffer: {
      async succeeds() {
        await openSignUp();
        return { cookie: null };
      },
      shows: is({ isOpen: true, plans: [{ name: 'standard' }] }),
    },
    createSignUp: {
      async succeeds() {
        await openSignUp();
        return { cookie: null, body: { organisation: 'By themselves', email: 'someone@example.org' } };
      },
      shows: is({ expiresInHours: 24 }),
    },
    checkSignUpLink: {
      succeeds: async () => ({ cookie: null, body: { token: (await signUp('asked')).token } }),
      shows: is({ organisation: 'Signed', needsApproval: true }),
    },
    proveSignUp: {
      succeeds: async () => ({ cookie: null, body: { token: (await signUp('asked')).token } }),
      shows: is({ state: 'waiting', slug: null }),
    },
    listSignUps: {
      async succeeds() {
        await signUp('waiting');
        return {};
      },
      shows: ({ body }) => assert.ok(Number(body['waiting']) > 0),
    },
    approveSignUp: {
      succeeds: () => waiting({}),
      shows: is({ state: 'accepted', organisation: 'Signed', email: null }),
    },
    refuseSignUp: {
      succeeds: () => waiting({ reason: 'Not in our region.' }),
      shows: is({ state: 'refused', email: null, reason: 'Not in our region.' }),
    },
    readSignUpSettings: { succeeds: async () => ({}), shows: ({ body }) => assert.ok('isOpen' in body) },
    updateSignUpSettings: {
      succeeds: async () => ({ body: { isOpen: false, plans: ['standard'] } }),
      shows: is({ isOpen: false, plans: ['standard'] }),
    },
  };
}
