import assert from 'node:assert/strict';
import type { backupsRoutes } from '#api/routeTable/backups.ts';
import type { RecoveryDay } from '#contracts/backups/trends.ts';
import { usualBackupRules } from '#contracts/backups/policies.ts';
import { keepBackup } from '#test/scenarios/backups/keepBackup.ts';
import { BackupWorld } from '#test/scenarios/backups/backupWorld.ts';
import type { Answer } from '../apiInstallation.ts';
import type { RouteCase, World } from '../cases/routeCases.ts';

/** A success for every route about backups. */
export function backupCases(world: World): Record<keyof typeof backupsRoutes, RouteCase> {
  const is = (expected: object) => (answer: Answer) =>
    assert.partialDeepStrictEqual(answer.body, expected as Record<string, unknown>);
  const ofPlan = { params: { plan: 'standard' } };
  const policy = '/api/v1/plans/standard/backups';
  const ofActive = () => ({ params: { tenantId: world.active.tenantId } });

  /** A tenant of its own with a backup. */
  async function backedUp(name: string): Promise<{ tenantId: string; backupId: string }> {
    const { tenantId } = await world.api.installation.provision({ name });
    const { id } = await new BackupWorld(world.api.installation).make(tenantId);
    return { tenantId, backupId: id };
  }
  /** With a backup that a legal hold keeps. */
  async function held(name: string): Promise<{ tenantId: string; backupId: string }> {
    const params = await backedUp(name);
    const path = `/api/v1/tenants/${params.tenantId}/backups/${params.backupId}/legal-holds`;
    const answer = await world.api.ask('POST', path, { body: { reason: 'Case 21' } });
    assert.equal(answer.status, 201, answer.text);
    return params;
  }
  const started = async (answer: Answer): Promise<void> => {
    const { state } = await world.api.installation.runIsOver(String(answer.body['runId']));
    assert.equal(state, 'succeeded');
  };

  return {
    readBackupFleet: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['plans'] as { plan: string }[]).some(({ plan }) => plan === 'standard')),
    },
    listProtectedTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) =>
        assert.ok((body['items'] as { tenantId: string }[]).some((one) => one.tenantId === world.active.tenantId)),
    },
    readTenantProtection: {
      succeeds: async () => ofActive(),
      shows: is({ plan: 'standard', may: { run: true } }),
    },
    listTenantBackups: {
      async succeeds() {
        const { tenantId } = await backedUp('Lists backups');
        return { params: { tenantId } };
      },
      shows: is({ items: [{ state: 'kept', stays: ['newest', 'last', 'days', 'daily', 'weekly', 'monthly'] }] }),
    },
    readBackup: {
      succeeds: async () => ({ params: await backedUp('Reads a backup') }),
      shows: is({ state: 'kept', verified: { as: 'good' }, may: { verify: true } }),
    },
    backupTenant: {
      async succeeds() {
        const { tenantId } = await world.api.installation.provision({ name: 'Backs up' });
        return { params: { tenantId } };
      },
      shows: started,
    },
    listBackupHolds: {
      succeeds: async () => ({ params: await held('Lists holds') }),
      shows: is({ items: [{ reason: 'Case 21', setBy: 'owner@example.org', liftedAt: null }] }),
    },
    holdBackup: {
      succeeds: async () => ({ params: await backedUp('Holds a backup'), body: { reason: 'Case 22' } }),
      shows: is({ items: [{ reason: 'Case 22', liftedBy: null }] }),
    },
    liftBackupHold: {
      succeeds: async () => ({ params: await held('Lifts a hold') }),
      async shows() {
        const found = await world.api.installation.asAdmin(
          null,
          'select 1 from legal_holds where backup_id is not null and lifted_by is not null',
          [],
        );
        assert.ok(found.length > 0);
      },
    },
    verifyBackup: {
      succeeds: async () => ({ params: await backedUp('Verifies a backup') }),
      shows: started,
    },
    pauseTenantBackups: {
      succeeds: async () => ({ ...ofActive(), body: { reason: 'They move.' } }),
      shows: is({ protection: 'paused', nextAt: null, paused: { of: 'tenant', reason: 'They move.' } }),
    },
    resumeTenantBackups: {
      succeeds: async () => ofActive(),
      shows: is({ plan: 'standard', paused: null }),
    },
    backupPlan: {
      async succeeds() {
        await world.api.installation.addPlan('backed-up', []);
        return { params: { plan: 'backed-up' } };
      },
      shows: started,
    },
    listBackupPolicies: {
      succeeds: async () => ({}),
      shows: is({ items: [{ plan: 'standard', rules: usualBackupRules }] }),
    },
    readBackupPolicy: {
      succeeds: async () => ofPlan,
      shows: is({ plan: 'standard', title: 'Standard', paused: null }),
    },
    updateBackupPolicy: {
      async succeeds() {
        const { body } = await world.api.ask('GET', policy);
        const rules = { ...usualBackupRules, windowMinutes: 60 };
        return { ...ofPlan, body: { rules, expectedVersion: body['version'] } };
      },
      shows: is({ plan: 'standard', rules: { windowMinutes: 60 } }),
    },
    pausePlanBackups: {
      succeeds: async () => ({ ...ofPlan, body: { reason: 'The place moves.' } }),
      shows: is({ nextAt: null, paused: { reason: 'The place moves.' } }),
    },
    startTenantDrill: {
      async succeeds() {
        const { tenantId } = world.active;
        await keepBackup(world.api.installation, tenantId);
        return { params: { tenantId }, body: {} };
      },
      async shows({ body }) {
        const run = await world.api.installation.runIsOver(String(body['runId']));
        assert.deepEqual([run.kind, run.state], ['drillTenant', 'succeeded'], run.reason ?? '');
      },
    },
    listTenantDrills: {
      succeeds: async () => ({ params: { tenantId: world.active.tenantId } }),
      shows: ({ body }) => assert.ok(Array.isArray(body['items'])),
    },
    readTenantDrill: {
      async succeeds() {
        const { installation } = world.api;
        const { tenantId } = await installation.provision({ name: 'Reads a drill' });
        await keepBackup(installation, tenantId);
        const { body } = await world.api.ask('POST', `/api/v1/tenants/${tenantId}/drills`, { body: {} });
        await installation.runIsOver(String(body['runId']));
        return { params: { tenantId, drillId: String(body['drillId']) } };
      },
      shows: is({
        state: 'proven',
        plan: 'standard',
        room: { state: 'removed' },
        rtoOf: [{ part: 'restore' }, {}, {}],
      }),
    },
    startFleetDrill: {
      async succeeds() {
        await world.api.installation.addPlan('drilled', []);
        return { body: { plan: 'drilled' } };
      },
      shows: started,
    },
    issueEvidence: {
      async succeeds() {
        const { tenantId } = await backedUp('Is evidenced');
        return { body: { from: '2026-01-01', to: new Date().toISOString().slice(0, 10), tenantId } };
      },
      shows: is({ bundle: { kind: 'evidence-bundle', totals: { tenants: 1, backups: 1, bad: 0 } } }),
    },
    listEvidence: { succeeds: async () => ({}), shows: ({ body }) => assert.ok(Array.isArray(body['items'])) },
    readEvidence: {
      async succeeds() {
        const today = new Date().toISOString().slice(0, 10);
        const { body } = await world.api.ask('POST', '/api/v1/evidence', {
          body: { from: today, to: today, tenantId: world.active.tenantId },
        });
        return { params: { evidenceId: (body['bundle'] as { id: string }).id } };
      },
      shows: ({ body }) => assert.equal((body['bundle'] as { tenant: string }).tenant, world.active.tenantId),
    },
    readDrillFleet: {
      succeeds: async () => ({}),
      shows: ({ body }) => assert.ok((body['plans'] as { plan: string }[]).some(({ plan }) => plan === 'standard')),
    },
    listDrilledTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) =>
        assert.ok((body['items'] as { tenantId: string }[]).some((one) => one.tenantId === world.active.tenantId)),
    },
    readTenantTrend: {
      async succeeds() {
        const { tenantId } = await backedUp('Has a trend');
        return { params: { tenantId } };
      },
      shows({ body }) {
        const days = body['days'] as RecoveryDay[];
        assert.equal(days.length, 90);
        assert.deepEqual([days.at(-1)?.measured, days.at(-1)?.over, days.at(-2)?.measured], [1, 0, 0]);
      },
    },
    readPlanTrend: { succeeds: async () => ofPlan, shows: is({ plan: 'standard', rpoTargetSeconds: 28 * 3_600 }) },
    listDrills: { succeeds: async () => ({}), shows: ({ body }) => assert.ok(Array.isArray(body['items'])) },
    resumePlanBackups: {
      async succeeds() {
        await world.api.ask('POST', `${policy}/pause`, { body: { reason: 'For a moment.' } });
        return ofPlan;
      },
      shows: is({ plan: 'standard', paused: null }),
    },
  };
}
