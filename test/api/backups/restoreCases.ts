import assert from 'node:assert/strict';
import type { restoreRoutes } from '#api/routeTable/restores.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** A success for every route that brings something back. */
export function restoreCases(world: World): Record<keyof typeof restoreRoutes, RouteCase> {
  const backup = () => keepBackup(world.api.installation, world.active.tenantId);
  const params = () => ({ tenantId: world.active.tenantId });
  /** Of a tenant of its own: no other case's run holds it. */
  const inPlace = async (name: string) => {
    const { tenantId, slug } = await world.api.installation.provision({ name });
    return { tenantId, body: { backupId: await keepBackup(world.api.installation, tenantId), confirm: slug } };
  };
  const isOver = async (runId: unknown) =>
    assert.equal((await world.api.installation.runIsOver(String(runId))).state, 'succeeded');

  return {
    planTenantRestore: {
      succeeds: async () => ({ params: params(), body: { backupId: await backup(), mode: 'in_place' } }),
      shows({ body }) {
        assert.partialDeepStrictEqual(body, { mode: 'in_place', wayBackDays: 7, problems: [] });
        const tables = (body['tables'] as { name: string }[]).map(({ name }) => name);
        assert.ok(tables.includes('settings'), tables.join(', '));
      },
    },
    restoreTenantInPlace: {
      async succeeds() {
        const { tenantId, body } = await inPlace('Restored in place');
        return { params: { tenantId }, body };
      },
      shows: ({ body }) => isOver(body['runId']),
    },
    restoreTenantBeside: {
      succeeds: async () => ({ params: params(), body: { backupId: await backup(), name: 'Made beside' } }),
      async shows({ body }) {
        assert.notEqual(body['tenantId'], world.active.tenantId);
        await isOver(body['runId']);
      },
    },
    refillTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) => isOver(body['runId']),
    },
    readRefill: { succeeds: async () => ({}), shows: ({ body }) => assert.ok('restoredAt' in body) },
    listTenantRestores: {
      async succeeds() {
        const { tenantId, body } = await inPlace('Restored and listed');
        const asked = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/restores`, { body });
        assert.equal(asked.status, 202, asked.text);
        await isOver(asked.body['runId']);
        return { params: { tenantId } };
      },
      shows({ body }) {
        const [newest] = body['items'] as Record<string, unknown>[];
        assert.partialDeepStrictEqual(newest, { mode: 'in_place', state: 'succeeded', isWhole: true });
      },
    },
  };
}
