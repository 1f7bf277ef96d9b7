import assert from 'node:assert/strict';
import { FleetSettings } from '#contracts/fleet/migrations.ts';
import { readCatalogue } from '#domain/fleet/catalogue.ts';
import type { RouteCase, World } from './routeCases.ts';

/** Migrations over all tenants. */
export function fleetCases(
  world: World,
): Record<
  | 'readFleet'
  | 'listFleetTenants'
  | 'planFleetMigration'
  | 'startFleetMigration'
  | 'readFleetRun'
  | 'listMigratedTenants'
  | 'retryQuarantinedTenants'
  | 'releaseQuarantinedTenants',
  RouteCase
> {
  const tenantId = () => world.active.tenantId;
  const told = () =>
    world.api.installation.until('a worker to tell of its folder', 20_000, async () => {
      const catalogue = await readCatalogue(world.api.installation.em);
      return catalogue.migrations.length > 0 ? catalogue : null;
    });

  /** The active tenant as one that was behind, or failed, when a fleet was migrated; what the run would do is done already. */
  async function isBehind(): Promise<string> {
    const { digest } = await told();
    await world.api.installation.asAdmin(null, 'update tenant_versions set version = 0 where tenant_id = $1', [
      tenantId(),
    ]);
    const { body } = await world.api.ask('POST', '/api/v1/fleet/runs', {
      body: { ...FleetSettings.parse({}), digest },
    });
    assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
    return String(body['runId']);
  }
  async function isQuarantined(): Promise<void> {
    const runId = await isBehind();
    await world.api.installation.asAdmin(null, 'update tenant_versions set version = 0 where tenant_id = $1', [
      tenantId(),
    ]);
    await world.api.installation.asAdmin(
      null,
      `insert into quarantined_tenants (tenant_id, run_id, migration, reason_code, reason) values ($1, $2, '0001_sample', 'migration_failed', 'It failed.')`,
      [tenantId(), runId],
    );
  }

  return {
    readFleet: {
      async succeeds() {
        await told();
        return {};
      },
      shows: ({ body }) =>
        assert.partialDeepStrictEqual(body, { newest: 1, problem: null, behind: 0, quarantined: 0, openRunId: null }),
    },
    listFleetTenants: {
      succeeds: async () => ({}),
      shows: ({ body }) =>
        assert.ok((body['items'] as { tenantId: string }[]).some((one) => one.tenantId === tenantId())),
    },
    planFleetMigration: {
      async succeeds() {
        await told();
        return { body: { canary: { size: { tenants: 1 } } } };
      },
      shows: ({ body }) => assert.partialDeepStrictEqual(body, { target: 1, tenants: { behind: 0 }, budget: 5 }),
    },
    startFleetMigration: {
      async succeeds() {
        const { digest } = await told();
        await world.api.installation.asAdmin(null, 'update tenant_versions set version = 0 where tenant_id = $1', [
          tenantId(),
        ]);
        return { body: { digest } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
      },
    },
    readFleetRun: {
      succeeds: async () => ({ params: { runId: await isBehind() } }),
      shows: ({ body }) =>
        assert.partialDeepStrictEqual(body, { target: 1, waves: [{ title: 'All tenants', state: 'done', total: 1 }] }),
    },
    listMigratedTenants: {
      succeeds: async () => ({ params: { runId: await isBehind() } }),
      shows: ({ body }) =>
        assert.partialDeepStrictEqual(body['items'], [{ tenantId: tenantId(), state: 'migrated', version: 1 }]),
    },
    retryQuarantinedTenants: {
      async succeeds() {
        await isQuarantined();
        return { body: { tenantIds: [tenantId()] } };
      },
      async shows({ body }) {
        assert.equal((await world.api.installation.runIsOver(String(body['runId']))).state, 'succeeded');
        assert.deepEqual(await world.api.installation.asAdmin(null, 'select 1 from quarantined_tenants'), []);
      },
    },
    releaseQuarantinedTenants: {
      async succeeds() {
        await isQuarantined();
        return { body: { tenantIds: [tenantId()] } };
      },
      async shows() {
        assert.deepEqual(await world.api.installation.asAdmin(null, 'select 1 from quarantined_tenants'), []);
        await isBehind();
      },
    },
  };
}
