import assert from 'node:assert/strict';
import { hashFor, tokenFor } from '#domain/ownership/ownershipRow.ts';
import { TestAccount } from '../signIn/testAccount.ts';
import type { Answer } from '../apiInstallation.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type HandoverRoute =
  | 'rotateSecrets'
  | 'listSecretRotations'
  | 'changeOwnership'
  | Extract<OperationId, `${string}Ownership` | `${string}OwnershipLink` | `${string}OwnershipChanges`>;

let count = 0;

/** What passes from old to new: a tenant's secrets, and who owns it. */
export function handoverCases(world: World): Record<HandoverRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const params = () => ({ params: { tenantId: world.active.tenantId } });
  const slug = () => ({ params: { slug: world.active.slug } });
  const admin = () => TestAccount.joinTenant(world.api, world.active, 'tenant-admin');
  const started = async ({ body }: Answer) => {
    await world.api.installation.runIs('waiting', String(body['runId']));
  };

  /** One is open at a time. */
  async function nobodyIsAsked(): Promise<void> {
    const open = await world.api.installation.asAdmin<{ id: string }>(
      null,
      `select run_id as id from ownership_changes where tenant_id = $1 and state in ('asked', 'agreed')`,
      [world.active.tenantId],
    );
    for (const { id } of open) {
      await world.api.installation.cancelRun(id);
      await world.api.installation.runIsOver(id);
    }
  }
  const wanted = (to: object = { email: `owner${++count}@example.org` }) => ({ confirm: world.active.slug, to });
  /** @returns the token of the new owner's link */
  async function asked(to?: object): Promise<string> {
    await nobodyIsAsked();
    const { tenantId } = world.active;
    const answer = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/ownership-changes`, { body: wanted(to) });
    assert.equal(answer.status, 202, answer.text);
    await started(answer as Answer);
    const [change] = await world.api.installation.asAdmin<{ id: string; hash: Buffer }>(
      null,
      `select id, consent_hash as hash from ownership_changes where tenant_id = $1 and state = 'asked'`,
      [tenantId],
    );
    const { platform } = world.api.installation;
    assert.deepEqual(change?.hash, hashFor(platform, change!.id, 'new_owner'));
    return tokenFor(platform, change!.id, 'new_owner');
  }

  return {
    rotateSecrets: {
      async succeeds() {
        const { tenantId, slug } = await world.api.installation.provision({ name: 'To be rotated' });
        return { params: { tenantId }, body: { confirm: slug, overlapSeconds: 0 } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
      },
    },
    listSecretRotations: {
      succeeds: async () => params(),
      shows: is({
        working: [
          { kind: 'database', state: 'current' },
          { kind: 'realm', state: 'current' },
        ],
      }),
    },
    changeOwnership: {
      async succeeds() {
        await nobodyIsAsked();
        return { ...params(), body: wanted() };
      },
      shows: started,
    },
    listOwnershipChanges: {
      async succeeds() {
        await asked({ email: 'listed@example.org', name: 'Listed' });
        return params();
      },
      shows: is({ items: [{ state: 'asked', to: { email: 'listed@example.org' }, may: { cancel: true } }] }),
    },
    checkOwnershipLink: {
      succeeds: async () => ({ cookie: null, body: { token: await asked() } }),
      shows: is({ as: 'new_owner', state: 'asked', may: { answer: true } }),
    },
    answerOwnershipLink: {
      succeeds: async () => ({ cookie: null, body: { token: await asked(), answer: 'decline' } }),
      shows: is({ state: 'declined', may: { answer: false } }),
    },
    offerOwnership: {
      async succeeds() {
        await nobodyIsAsked();
        return { ...slug(), cookie: (await admin()).cookie, body: wanted() };
      },
      shows: started,
    },
    readPortalOwnership: {
      async succeeds() {
        await asked({ email: 'read@example.org' });
        return { ...slug(), cookie: (await admin()).cookie };
      },
      shows: is({ items: [{ state: 'asked', to: { email: 'read@example.org' } }] }),
    },
    answerPortalOwnership: {
      async succeeds() {
        const member = await TestAccount.joinTenant(world.api, world.active);
        await asked({ memberId: member.userId });
        return { ...slug(), cookie: member.cookie, body: { answer: 'decline' } };
      },
      shows: ({ text }) => assert.equal(text, ''),
    },
    withdrawPortalOwnership: {
      async succeeds() {
        await nobodyIsAsked();
        const { cookie } = await admin();
        const asks = { cookie, body: wanted() };
        const answer = await world.api.ask('POST', `/api/v1/portals/${world.active.slug}/ownership`, asks);
        assert.equal(answer.status, 202, answer.text);
        return { ...slug(), cookie };
      },
      shows: ({ text }) => assert.equal(text, ''),
    },
  };
}
