import assert from 'node:assert/strict';
import type { TenantAddresses } from '#contracts/life/addresses.ts';
import type { SuspensionStarted, TenantSuspensions } from '#contracts/life/suspension.ts';
import type { Answer } from '../apiInstallation.ts';
import type { OperationId, Request, RouteCase, World } from './routeCases.ts';

type SuspensionOperation = Extract<
  OperationId,
  | 'suspendTenant'
  | 'readSuspension'
  | 'changeSuspension'
  | 'withdrawSuspension'
  | 'resumeTenant'
  | 'renameTenant'
  | 'listTenantAddresses'
  | 'reverseRun'
>;

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** Closing a tenant and opening it again, and moving it to another address: each case with a tenant of its own. */
export function suspensionCases(world: World): Record<SuspensionOperation, RouteCase> {
  const started = ({ body }: Answer) => body as unknown as SuspensionStarted;
  const all = ({ body }: Answer) => body as unknown as TenantSuspensions;
  const ends = async (runId: unknown) =>
    assert.equal((await world.api.installation.runIsOver(String(runId))).state, 'succeeded');
  const tenant = (name: string) => world.api.installation.provision({ name });

  const suspend = async (name: string, more: object = {}): Promise<{ tenantId: string; slug: string }> => {
    const { tenantId, slug } = await tenant(name);
    const answer = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/suspension`, {
      body: { confirm: slug, reason: 'It does not pay.', ...more },
    });
    assert.equal(answer.status, 202, answer.text);
    if (answer.body['runId'] !== null) await ends(answer.body['runId']);
    return { tenantId, slug };
  };
  const plan = (name: string) => suspend(name, { at: inDays(3), until: inDays(9) });
  const rename = async (name: string, slug: string): Promise<{ tenantId: string; runId: string }> => {
    const { tenantId, slug: confirm } = await tenant(name);
    const answer = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/rename`, { body: { slug, confirm } });
    assert.equal(answer.status, 202, answer.text);
    await ends(answer.body['runId']);
    return { tenantId, runId: String(answer.body['runId']) };
  };
  const params = async (made: Promise<{ tenantId: string }>): Promise<Request> => ({
    params: { tenantId: (await made).tenantId },
  });

  return {
    suspendTenant: {
      async succeeds() {
        const { tenantId, slug } = await tenant('To be suspended');
        return { params: { tenantId }, body: { confirm: slug, reason: 'It does not pay.', notice: 'Please call us.' } };
      },
      async shows(answer) {
        const { suspension, runId } = started(answer);
        assert.partialDeepStrictEqual(suspension, {
          state: 'effective',
          reason: 'It does not pay.',
          notice: 'Please call us.',
          askedBy: 'owner@example.org',
        });
        await ends(runId);
      },
    },
    readSuspension: {
      succeeds: () => params(suspend('Suspended and read')),
      shows: (answer) => {
        assert.equal(all(answer).current?.state, 'effective');
        assert.deepEqual(all(answer).past, []);
      },
    },
    changeSuspension: {
      succeeds: async () => ({
        ...(await params(plan('Planned and changed'))),
        body: { until: null, notice: 'Later.' },
      }),
      shows: (answer) =>
        assert.partialDeepStrictEqual(all(answer).current, { state: 'planned', endsAt: null, notice: 'Later.' }),
    },
    withdrawSuspension: {
      succeeds: () => params(plan('Planned and withdrawn')),
      shows: (answer) => {
        assert.equal(all(answer).current, null);
        assert.equal(all(answer).past[0]?.state, 'withdrawn');
      },
    },
    resumeTenant: {
      succeeds: () => params(suspend('To be resumed')),
      shows: (answer) => ends(started(answer).runId),
    },
    renameTenant: {
      async succeeds() {
        const { tenantId, slug } = await tenant('To be renamed');
        return { params: { tenantId }, body: { slug: 'renamed-by-route', confirm: slug } };
      },
      async shows({ body }) {
        assert.equal(body['slug'], 'renamed-by-route');
        await ends(body['runId']);
      },
    },
    listTenantAddresses: {
      succeeds: () => params(rename('Renamed and listed', 'renamed-and-listed-now')),
      shows({ body }) {
        const { items, redirectDays } = body as unknown as TenantAddresses;
        assert.deepEqual(
          items.map(({ slug, state }) => `${slug} ${state}`),
          ['renamed-and-listed-now current', 'renamed-and-listed redirect'],
        );
        assert.equal(redirectDays, 30);
      },
    },
    reverseRun: {
      succeeds: async () => ({ params: { runId: (await rename('Renamed and back', 'renamed-and-gone')).runId } }),
      async shows({ body }) {
        assert.equal(body['slug'], 'renamed-and-back');
        await ends(body['runId']);
      },
    },
  };
}
