import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { SupportAccess } from '#contracts/support/supportAccess.ts';
import type { Answer } from '../apiInstallation.ts';
import { personWith } from '../personWith.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type SupportRoute =
  | Extract<OperationId, `${string}Support${'' | 'Access' | 'Accesses' | 'Consent'}`>
  | 'breakGlass'
  | 'readPortalSession';

/** Acting for a tenant: each case by a person of its own, so that nobody else's session acts. */
export function supportCases(world: World): Record<SupportRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const supporter = () => personWith(world.api.installation, [{ role: 'support' }]);
  const wanted = (reason: string) => ({ tenantId: world.active.tenantId, reason, minutes: 30 });

  async function made(how: '' | '/break-glass', reason = 'They cannot see their invoices.') {
    const { cookie } = await supporter();
    const answer = await world.api.ask<SupportAccess>('POST', `/api/v1/support-accesses${how}`, {
      cookie,
      body: wanted(reason),
    });
    assert.equal(answer.status, 201, answer.text);
    return { cookie, params: { supportAccessId: answer.body.id } };
  }
  /** The link's token goes out by mail and is kept by its hash only. */
  async function askedWith(token: string): Promise<string> {
    const { params } = await made('');
    await world.api.installation.asAdmin(null, 'update support_accesses set token_hash = $2 where id = $1', [
      params.supportAccessId,
      createHash('sha256').update(token).digest(),
    ]);
    return token;
  }
  async function entered() {
    const { cookie, params } = await made('/break-glass');
    const path = `/api/v1/support-accesses/${params.supportAccessId}/enter`;
    assert.equal((await world.api.ask('POST', path, { cookie })).status, 200);
    return { cookie, params };
  }

  return {
    askSupportAccess: {
      succeeds: async () => ({ cookie: (await supporter()).cookie, body: wanted('They cannot see their invoices.') }),
      shows: is({ kind: 'consent', state: 'asked', tenant: { slug: 'abo' }, may: { enter: false, end: true } }),
    },
    breakGlass: {
      succeeds: async () => ({ cookie: (await supporter()).cookie, body: wanted('Their nightly import has stopped.') }),
      shows: is({ kind: 'break_glass', state: 'running', isEntered: false, may: { enter: true, end: true } }),
    },
    listSupportAccesses: {
      async succeeds() {
        await made('/break-glass', 'A reason that can be found again');
        return {};
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, { reason: 'A reason that can be found again', may: { enter: false } });
        assert.deepEqual(body['longest'], { consent: 240, break_glass: 60 });
      },
    },
    enterSupport: { succeeds: () => made('/break-glass'), shows: is({ isEntered: true, may: { enter: false } }) },
    leaveSupport: { succeeds: entered, shows: is({ isEntered: false, state: 'running', may: { enter: true } }) },
    endSupport: { succeeds: entered, shows: is({ state: 'ended', endedBy: 'person', may: { enter: false } }) },
    readSupportConsent: {
      succeeds: async () => ({ cookie: null, body: { token: await askedWith('a token that only the mail holds') } }),
      shows: is({ state: 'asked', reason: 'They cannot see their invoices.', may: { answer: true, revoke: false } }),
    },
    answerSupportConsent: {
      succeeds: async () => ({
        cookie: null,
        body: { token: await askedWith('another token of a mail'), answer: 'allow' },
      }),
      shows: is({ state: 'running', may: { answer: false, revoke: true } }),
    },
    readPortalSession: {
      succeeds: async () => ({ cookie: (await entered()).cookie, params: { slug: 'abo' } }),
      shows: is({ session: { kind: 'support', access: 'break_glass', actingAs: { kind: 'administrator' } } }),
    },
  };
}
