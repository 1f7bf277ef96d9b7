import assert from 'node:assert/strict';
import { theSystem } from '#domain/events/appendEvent.ts';
import { makeExportLink } from '#domain/exports/exportLinks.ts';
import type { Answer } from '../apiInstallation.ts';
import type { OperationId, RouteCase, World } from './routeCases.ts';

type OffboardingRoute = keyof typeof import('#api/routeTable/offboarding.ts').offboardingRoutes & OperationId;

/** How a tenant leaves: each case with a tenant of its own. */
export function offboardingCases(world: World): Record<OffboardingRoute, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const installation = () => world.api.installation;

  async function offboarded(name: string, graceDays: number) {
    const { tenantId, slug } = await installation().provision({ name });
    const answer = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/offboarding`, {
      body: { confirm: slug, graceDays },
    });
    assert.equal(answer.status, 202, answer.text);
    return { tenantId, runId: String(answer.body['runId']) };
  }
  async function waiting(name: string) {
    const { tenantId, runId } = await offboarded(name, 30);
    await installation().until('the grace', 30_000, async () => (await installation().run(runId)).held?.by === 'grace');
    return { params: { tenantId } };
  }
  const held = async (name: string) => {
    const { tenantId } = await installation().provision({ name });
    const answer = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/legal-holds`, {
      body: { reason: 'Case 12' },
    });
    assert.equal(answer.status, 201, answer.text);
    return { params: { tenantId } };
  };
  const linked = async (name: string): Promise<string> => {
    const { params } = await waiting(name);
    const { token } = await installation().em.transactional((em) => makeExportLink(em, params.tenantId, theSystem));
    return token;
  };

  return {
    readPlanOffboarding: {
      succeeds: async () => ({ params: { plan: 'standard' } }),
      shows: is({ plan: 'standard', usualGraceDays: 30 }),
    },
    updatePlanOffboarding: {
      async succeeds() {
        const { body } = await world.api.ask('GET', '/api/v1/plans/standard/offboarding');
        return { params: { plan: 'standard' }, body: { graceDays: 45, expected: body['graceDays'] } };
      },
      shows: is({ plan: 'standard', graceDays: 45, usualGraceDays: 30 }),
    },
    offboardTenant: {
      async succeeds() {
        const { tenantId, slug } = await installation().provision({ name: 'Leaves' });
        return { params: { tenantId }, body: { confirm: slug } };
      },
      shows: ({ body }) => assert.equal(typeof body['runId'], 'string'),
    },
    readTenantEnd: {
      succeeds: () => waiting('Leaves and is looked at'),
      shows: is({
        offboarding: { state: 'grace', graceDays: 30, may: { undo: true, link: true }, export: { downloads: 0 } },
        hold: null,
        defaults: { graceDays: 30, addressHoldDays: 90 },
        erasure: null,
      }),
    },
    undoTenantOffboarding: {
      succeeds: () => waiting('Comes back'),
      async shows({ body }) {
        assert.equal((await installation().runIsOver(String(body['runId']))).state, 'cancelled');
      },
    },
    renewExportLink: {
      succeeds: () => waiting('Gets a new link'),
      shows: ({ body }) => assert.match(String(body['url']), /^http:\/\/localhost[^#]*\/export#tex_\w{28}$/),
    },
    revokeTenantExportLink: {
      succeeds: () => waiting('Loses its link'),
      shows: ({ text }) => assert.equal(text, ''),
    },
    listTenantHolds: {
      succeeds: () => held('Held and listed'),
      shows: is({ items: [{ reason: 'Case 12', setBy: 'owner@example.org', liftedAt: null }] }),
    },
    holdTenantErasure: {
      async succeeds() {
        const { tenantId } = await installation().provision({ name: 'To be held' });
        return { params: { tenantId }, body: { reason: 'Case 13' } };
      },
      shows: is({ items: [{ reason: 'Case 13', liftedBy: null }] }),
    },
    liftTenantHold: {
      succeeds: () => held('Held no more'),
      shows: ({ text }) => assert.equal(text, ''),
    },
    readErasureCertificate: {
      async succeeds() {
        const { tenantId } = await offboarded('Is certified', 0);
        await installation().until('the certificate', 60_000, async () => {
          const [row] = await installation().asAdmin(
            null,
            'select 1 from erasures where tenant_id = $1 and certified_at is not null',
            [tenantId],
          );
          return row;
        });
        return { params: { tenantId } };
      },
      shows: is({ certificate: { v: 1, cause: 'offboarding' }, keys: [{ kty: 'OKP' }] }),
    },
    checkExportLink: {
      succeeds: async () => ({ cookie: null, body: { token: await linked('Is offered') } }),
      shows: is({ tenant: 'Is offered' }),
    },
    takeExportTicket: {
      succeeds: async () => ({ cookie: null, body: { token: await linked('Takes a ticket') } }),
      shows: ({ body }) => assert.match(String(body['path']), /^\/api\/v1\/exports\/tex_\w{28}$/),
    },
    downloadExport: {
      async succeeds() {
        const token = await linked('Downloads');
        const answer = await world.api.ask('POST', '/api/v1/exports/tickets', { cookie: null, body: { token } });
        return { cookie: null, params: { ticket: String(answer.body['path']).split('/').at(-1)! } };
      },
      shows: ({ headers }) => assert.match(headers['content-disposition'] ?? '', /filename="export-[\d-]+\.tar\.gz"/),
    },
  };
}
